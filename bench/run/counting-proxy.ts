import { once } from 'node:events'
import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { type AnyItem, readUnits, type Units, writeUnits } from './units.ts'

export interface Counted extends Units {
  readonly requests: number
}

/** A proxy between a subject and DynamoDB Local. It counts requests and the units that DynamoDB would bill. */
export interface CountingProxy {
  readonly endpoint: string
  start(): void
  /** The counts since `start`. */
  counted(): Counted
  close(): Promise<void>
}

interface Call {
  readonly TableName: string
  readonly Key?: AnyItem
  readonly Item?: AnyItem
  readonly ConsistentRead?: boolean
}

export const countingProxy = async (database: string, client: DynamoDBClient): Promise<CountingProxy> => {
  const agent = new Agent({ keepAlive: true })
  let counted: Counted = { requests: 0, write: 0, read: 0 }
  let last: Promise<unknown> = Promise.resolve()

  const itemOf = async ({ TableName, Key, Item }: Call): Promise<AnyItem | undefined> => {
    const place = Key ?? { pk: Item?.pk as NonNullable<AnyItem[string]> }
    return (await client.send(new GetItemCommand({ TableName, Key: place, ConsistentRead: true }))).Item
  }

  /** The items that requests through this proxy have written. */
  const stored = new Map<string, AnyItem | undefined>()

  /** Serves one request at a time, so that the proxy sees the item before and after each write. */
  const serve = async (headers: IncomingHttpHeaders, body: Buffer): Promise<Forwarded> => {
    const operation = String(headers['x-amz-target']).split('.').pop()
    const call = JSON.parse(body.toString('utf8')) as Call
    const place = JSON.stringify([call.TableName, (call.Key ?? call.Item)?.pk])
    const before = stored.get(place)
    const answer = await forward(database, agent, headers, body)
    if (operation !== 'GetItem' && answer.status === 200) stored.set(place, await itemOf(call))
    const { requests, write, read } = counted
    counted =
      operation === 'GetItem'
        ? { requests: requests + 1, write, read: read + readUnits(before, call.ConsistentRead === true) }
        : { requests: requests + 1, write: write + writeUnits(before, stored.get(place)), read }
    return answer
  }

  const server = createServer(async (incoming, response) => {
    const body = await bodyOf(incoming)
    const turn = last.then(() => serve(incoming.headers, body))
    last = turn.catch(() => {})
    const answer = await turn
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    start: () => {
      counted = { requests: 0, write: 0, read: 0 }
    },
    counted: () => counted,
    close: async () => {
      server.closeAllConnections()
      server.close()
      agent.destroy()
      await once(server, 'close')
    },
  }
}

interface Forwarded {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const forward = async (to: string, agent: Agent, headers: IncomingHttpHeaders, body: Buffer): Promise<Forwarded> => {
  const outgoing = request(to, { method: 'POST', headers, agent })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await bodyOf(incoming) }
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
