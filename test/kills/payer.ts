import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { IdempotencyError, once } from '../../lib/index.ts'
import { testClient } from '../support/dynamodb.ts'

/** The tables and options of a payer. */
export interface Office {
  readonly endpoint: string
  readonly tableName: string
  /** Has one row for each payment: how often it was made, and under which downstream keys. */
  readonly effectsTable: string
  readonly abandoned: 'rerun' | 'hold'
  readonly skewSeconds: number
}

export interface Payment {
  readonly key: string
  readonly payload: string
  /** Remaining time of the invocation, in milliseconds. The lease is one second longer. */
  readonly remaining: number
}

export type Answer =
  | { readonly value: unknown; readonly status: string }
  | { readonly code: string; readonly retryAfterSeconds?: number }
  | { readonly error: string }

/** What happens in the handler in addition to the effect. */
export interface Moments {
  readonly beforeEffect?: () => unknown
  readonly afterEffect?: () => unknown
  readonly probe?: NonNullable<Runtime['probe']>
}

/** Generous, because on a busy machine a write may take longer than the time left. These tests do not measure time. */
const PATIENCE = millis(5_000)

export const payer = (name: string, office: Office, moments: Moments = {}): ((by: Payment) => Promise<Answer>) => {
  const { endpoint, tableName, effectsTable, abandoned, skewSeconds } = office
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: PATIENCE, throwOnRequestTimeout: true }
  const client = testClient({ endpoint, requestHandler })
  const runtime: Runtime = {
    ...systemRuntime,
    withDeadline: (_, run) => systemRuntime.withDeadline(PATIENCE, run),
    ...(moments.probe === undefined ? {} : { probe: moments.probe }),
  }
  const pay = once({
    store: dynamoDbStore({ tableName, client, skewSeconds }),
    operation: 'kills',
    abandoned,
    runtime,
  })
  return async ({ key, payload, remaining }) => {
    const context = { getRemainingTimeInMillis: () => remaining }
    try {
      return await pay({ key, tenant: 'single-tenant', payload, context }, async (claim) => {
        await moments.beforeEffect?.()
        const downstreamKey = claim?.downstreamKey('payment') ?? 'unprotected'
        await client.send(
          new UpdateItemCommand({
            TableName: effectsTable,
            Key: { pk: { S: key } },
            UpdateExpression: 'ADD runs :one, downstreamKeys :downstreamKey',
            ExpressionAttributeValues: { ':one': { N: '1' }, ':downstreamKey': { SS: [downstreamKey] } },
          }),
        )
        await moments.afterEffect?.()
        return `paid by ${name}`
      })
    } catch (error) {
      if (!(error instanceof IdempotencyError)) return { error: String(error) }
      const { code, retryAfterSeconds } = error
      return retryAfterSeconds === undefined ? { code } : { code, retryAfterSeconds }
    }
  }
}

export interface Effects {
  readonly runs: number
  readonly downstreamKeys: number
}

/** How often the payment was made, and how many different payments the downstream saw. */
export const effectsOf = async (office: Pick<Office, 'effectsTable'>, key: string): Promise<Effects> => {
  const { Item: row } = await testClient().send(
    new GetItemCommand({ TableName: office.effectsTable, Key: { pk: { S: key } }, ConsistentRead: true }),
  )
  return { runs: Number(row?.runs?.N ?? 0), downstreamKeys: row?.downstreamKeys?.SS?.length ?? 0 }
}
