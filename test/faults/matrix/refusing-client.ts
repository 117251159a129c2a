import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Millis, millis } from '../../../lib/core/time.ts'
import type { ItemClient } from '../../../lib/dynamodb/item-client.ts'
import { leanItemClient } from '../../../lib/dynamodb/lean/lean-client.ts'
import { sdkItemClient } from '../../../lib/dynamodb/sdk/sdk-client.ts'
import { CREDENTIALS, REGION, testClient } from '../../support/dynamodb.ts'
import { stepOf } from '../../support/store-step.ts'
import type { Cell } from './cell.ts'

export type ClientName = 'sdk' | 'lean'

/** A client whose connections are refused for the cell that `refuse` names. */
export interface RefusingClient {
  readonly client: ItemClient
  /** From now on, refuses the connections of this cell; `undefined`: none. */
  refuse(cell: Cell | undefined): void
  /** How many connections were refused. */
  count(): number
}

/**
 * How long the client waits for an answer. Only a delayed send gets none. All others get one, however busy the machine
 * is, and must not count as lost.
 */
const TIMEOUT = millis(30_000)
const TIMEOUT_WITH_A_DELAY = millis(1_500)

/** The port of tcpmux: no process listens on it. */
const CLOSED_PORT = 1

interface Refusals extends Omit<RefusingClient, 'client'> {
  /** Called for each send. */
  isRefused(operation: string, body: object): boolean
}

const refusals = (): Refusals => {
  let cell: Cell | undefined
  let sends = 0
  let refused = 0
  return {
    refuse: (next) => {
      cell = next?.kind === 'refused' ? next : undefined
      sends = 0
    },
    count: () => refused,
    isRefused: (operation, body) => {
      if (cell === undefined || stepOf(operation, body) !== cell.step) return false
      sends++
      const isRefused = cell.which === 'all' || sends === (cell.which === 'first' ? 1 : 2)
      if (isRefused) refused++
      return isRefused
    },
  }
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Below the SDK's own retries, so each send is refused by itself. */
const refusingSdkClient = (endpoint: string, timeout: Millis): RefusingClient => {
  const client: DynamoDBClient = testClient({
    endpoint,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: timeout, throwOnRequestTimeout: true },
  })
  const { requestHandler } = client.config
  const handle = requestHandler.handle.bind(requestHandler) as (sent: Sent, options?: object) => Promise<never>
  const { isRefused, ...scripted } = refusals()
  Object.assign(requestHandler, {
    handle: (sent: Sent, options?: object) => {
      const operation = String(sent.headers['x-amz-target']).split('.').pop() ?? ''
      if (!isRefused(operation, JSON.parse(textOf(sent.body)))) return handle(sent, options)
      const astray = Object.assign(Object.create(Object.getPrototypeOf(sent)), sent, { port: CLOSED_PORT })
      return handle(astray, options)
    },
  })
  return { client: sdkItemClient(client), ...scripted }
}

/** By its buffer: the SDK's own byte array warns if it is converted to text. */
const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8')

/** The lean client reads its target for each send. A cell makes one call at a time, so the last call is the sender. */
const refusingLeanClient = (endpoint: string, timeout: Millis): RefusingClient => {
  const { hostname, port, host } = new URL(endpoint)
  const { isRefused, ...scripted } = refusals()
  let calling: readonly [operation: string, body: object] = ['GetItem', {}]
  const target = {
    protocol: 'http:',
    hostname,
    path: '/',
    get port() {
      return isRefused(...calling) ? CLOSED_PORT : port
    },
  }
  const client = leanItemClient({
    endpoint: { region: REGION, host, target },
    credentials: () => CREDENTIALS,
    timeout,
  })
  const { transactWriteItems } = client
  const calls = <Input extends object, Output>(
    operation: string,
    call: (input: Input, signal: AbortSignal) => Promise<Output>,
  ) => {
    return (input: Input, signal: AbortSignal): Promise<Output> => {
      calling = [operation, input]
      return call(input, signal)
    }
  }
  return {
    client: {
      putItem: calls('PutItem', client.putItem),
      updateItem: calls('UpdateItem', client.updateItem),
      getItem: calls('GetItem', client.getItem),
      ...(transactWriteItems === undefined
        ? {}
        : { transactWriteItems: calls('TransactWriteItems', transactWriteItems) }),
    },
    ...scripted,
  }
}

const CLIENTS = { sdk: refusingSdkClient, lean: refusingLeanClient } as const

/** Only sends of the delayed step have the short timeout: on a busy machine any other may take longer. */
export const refusingClient = (name: ClientName, endpoint: string, { kind, step }: Cell): RefusingClient => {
  const patient = CLIENTS[name](endpoint, TIMEOUT)
  if (kind !== 'delay') return patient
  const hasty = CLIENTS[name](endpoint, TIMEOUT_WITH_A_DELAY)
  const clientOf = (operation: string, input: object): Required<ItemClient> =>
    (stepOf(operation, input) === step ? hasty : patient).client as Required<ItemClient>
  return {
    ...patient,
    client: {
      putItem: (input, signal) => clientOf('PutItem', input).putItem(input, signal),
      updateItem: (input, signal) => clientOf('UpdateItem', input).updateItem(input, signal),
      getItem: (input, signal) => clientOf('GetItem', input).getItem(input, signal),
      transactWriteItems: (input, signal) => clientOf('TransactWriteItems', input).transactWriteItems(input, signal),
    },
  }
}
