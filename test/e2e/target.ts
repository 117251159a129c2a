import { readOutputs } from './deployment.ts'

export interface ClientConfig {
  readonly endpoint?: string
  readonly region?: string
}

/** The emulator's endpoint, or none for AWS. The SDK finds its credentials as usual. */
export const clientConfig = ({ AWS_ENDPOINT_URL: endpoint, AWS_REGION: region }: NodeJS.ProcessEnv): ClientConfig => ({
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(region === undefined ? {} : { region }),
})

const given = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: start the suite with npm run e2e`)
  return value
}

/** Returns an output of the deployed example stack. */
export const output = (name: 'Url' | 'OrdersQueueUrl' | 'OrdersDeadLetterQueueUrl' | 'IdempotencyTableName'): string =>
  readOutputs(given('E2E_OUTPUTS'))[name] ?? ''

/** Returns an output of the stack with the other kinds of API. */
export const door = (name: 'RestUrl' | 'FunctionUrl'): string => readOutputs(given('E2E_DOORS_OUTPUTS'))[name] ?? ''

/** The file in which the first suite leaves notes for the second. */
export const notesFile = (): string => given('E2E_NOTES')
