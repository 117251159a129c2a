import { readOutputs } from './deployment.ts'

export interface ClientConfig {
  readonly endpoint?: string
  readonly region?: string
}

/** Where the stack is: at an emulator's endpoint, or in AWS where there is none. Credentials come the SDK's own ways. */
export const clientConfig = ({ AWS_ENDPOINT_URL: endpoint, AWS_REGION: region }: NodeJS.ProcessEnv): ClientConfig => ({
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(region === undefined ? {} : { region }),
})

const given = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: start the suite with npm run e2e`)
  return value
}

/** An output of the deployed stack. */
export const output = (name: 'Url' | 'OrdersQueueUrl' | 'OrdersDeadLetterQueueUrl' | 'IdempotencyTableName'): string =>
  readOutputs(given('E2E_OUTPUTS'))[name] ?? ''

/** An output of the stack with the other doors. */
export const door = (name: 'RestUrl' | 'FunctionUrl'): string => readOutputs(given('E2E_DOORS_OUTPUTS'))[name] ?? ''

/** Where the first suite writes what the second has to know. */
export const notesFile = (): string => given('E2E_NOTES')
