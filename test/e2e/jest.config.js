import base from '../../jest.config.js'

/** The suites that need the deployed stack. `npm run e2e` runs them; `npm test` does not. */
export default {
  testEnvironment: base.testEnvironment,
  extensionsToTreatAsEsm: base.extensionsToTreatAsEsm,
  transform: base.transform,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/e2e/**/*.e2e.ts'],
  moduleNameMapper: base.moduleNameMapper,
  modulePathIgnorePatterns: base.modulePathIgnorePatterns,
  maxWorkers: 2, // most of the time the suites wait for leases and visibility timeouts
  testTimeout: 120_000,
  verbose: true,
}
