// The tests play Lambda, which ends an invocation at its deadline; those of other hosts say so themselves.
process.env.AWS_LAMBDA_FUNCTION_NAME = 'test'

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true },
        },
        sourceMaps: 'inline',
      },
    ],
  },
  // The tests and the example functions import the package by its public name, as a user does.
  moduleNameMapper: {
    '^lambda-once$': '<rootDir>/lib/index.ts',
    '^lambda-once/(.*)$': '<rootDir>/lib/$1/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/cdk.out/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testTimeout: 30_000,
  // Two cores: most tests wait for DynamoDB Local or for child processes rather than compute.
  maxWorkers: 2,
}
