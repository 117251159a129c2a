import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { type AbandonedClaim, type Reconciled, reconcile } from '../../lib/effects/index.ts'
import { type HandlerClaim, IdempotencyError, once } from '../../lib/index.ts'
import { testClient } from '../support/dynamodb.ts'

/** What a payer does about an abandoned record. */
export type Abandoned = 'rerun' | 'hold' | Asking

/** A payer that asks the downstream, and what the downstream says. */
export interface Asking {
  /**
   * `lookUp`: whether it has made the payment under the key that is asked about, and if not, that it never will.
   * `rerun`: that it knows the key. `unknown`: nothing, for some seconds.
   */
  readonly ask: 'lookUp' | 'rerun' | 'unknown'
  readonly rerunWithinSeconds?: number
}

/** The tables and options of a payer. */
export interface Office {
  readonly endpoint: string
  readonly tableName: string
  /** Has one row for each payment: how often it was made and asked about, and under which downstream keys. */
  readonly effectsTable: string
  readonly abandoned: Abandoned
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

/** What happens in the handler in addition to the effect, and in the question in addition to the downstream's answer. */
export interface Moments {
  readonly beforeEffect?: () => unknown
  readonly afterEffect?: () => unknown
  readonly inQuestion?: () => unknown
  /** The handler, if it makes more than one payment. `pay` makes a part of it. */
  readonly handler?: (
    claim: HandlerClaim | undefined,
    pay: (part: string, downstreamKey: string) => Promise<unknown>,
  ) => Promise<unknown>
  readonly probe?: NonNullable<Runtime['probe']>
  /** Default: the system's clock. */
  readonly now?: Runtime['now']
}

/** Generous, because on a busy machine a write may take longer than the time left. These tests do not measure time. */
const PATIENCE = millis(5_000)

/** The answer that the downstream gives about a payment that it has made. */
export const FOUND = 'found at the downstream'

/** How long a downstream that says nothing is not asked again. A retry that comes at once comes sooner. */
const PAUSE_SECONDS = 5

export const payer = (name: string, office: Office, moments: Moments = {}): ((by: Payment) => Promise<Answer>) => {
  const { endpoint, tableName, effectsTable, abandoned, skewSeconds } = office
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: PATIENCE, throwOnRequestTimeout: true }
  const client = testClient({ endpoint, requestHandler })
  /** The network loses no request to the downstream. */
  const downstream = testClient()
  const { probe, now = systemRuntime.now } = moments
  const runtime: Runtime = {
    ...systemRuntime,
    now,
    withDeadline: (_, run) => systemRuntime.withDeadline(PATIENCE, run),
    ...(probe === undefined ? {} : { probe }),
  }

  /** Counts in the payment's row, and returns under which downstream keys the payment was made. */
  const count = async (key: string, what: keyof typeof COLUMNS, downstreamKey: string): Promise<readonly string[]> => {
    const { Attributes: row } = await downstream.send(
      new UpdateItemCommand({
        TableName: effectsTable,
        Key: { pk: { S: key } },
        UpdateExpression: `ADD ${COLUMNS[what].join(' :one, ')} :downstreamKey`,
        ExpressionAttributeValues: { ':one': { N: '1' }, ':downstreamKey': { SS: [downstreamKey] } },
        ReturnValues: 'ALL_NEW',
      }),
    )
    return row?.downstreamKeys?.SS ?? []
  }

  const ask = async ({ key }: { readonly key: unknown }, claim: AbandonedClaim): Promise<Reconciled> => {
    const asked = downstreamKeyOf(claim)
    const made = await count(String(key), 'question', asked)
    await moments.inQuestion?.()
    if (typeof abandoned === 'string') throw new Error('This payer does not ask')
    if (abandoned.ask === 'unknown') return { unknown: true, retryAfterSeconds: PAUSE_SECONDS }
    if (abandoned.ask === 'rerun') return { rerun: true }
    return made.includes(asked) ? { done: FOUND } : { notDone: true }
  }

  const pay = once({
    store: dynamoDbStore({ tableName, client, skewSeconds }),
    operation: 'kills',
    ...(typeof abandoned === 'string'
      ? { abandoned }
      : { abandoned: reconcile(ask), rerunWithinSeconds: abandoned.rerunWithinSeconds }),
    runtime,
  })
  return async ({ key, payload, remaining }): Promise<Answer> => {
    const context = { getRemainingTimeInMillis: () => remaining }
    try {
      return await pay({ key, tenant: 'single-tenant', payload, context }, async (claim) => {
        if (moments.handler !== undefined)
          return moments.handler(claim, (part, downstreamKey) => count(partOf(key, part), 'run', downstreamKey))
        await moments.beforeEffect?.()
        await count(key, 'run', downstreamKeyOf(claim))
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

/** The row of one part of a payment. */
export const partOf = (key: string, part: string): string => `${key} ${part}`

const COLUMNS = { run: ['runs', 'downstreamKeys'], question: ['questions', 'askedKeys'] } as const

const downstreamKeyOf = (claim: Pick<HandlerClaim, 'downstreamKey'> | undefined): string =>
  claim?.downstreamKey('payment') ?? 'unprotected'

/** An answer in words. */
export const shown = (answer: Answer): string => {
  if ('value' in answer) return `${answer.value} (${answer.status})`
  return 'code' in answer ? answer.code : answer.error
}

export interface Effects {
  readonly runs: number
  readonly downstreamKeys: number
}

export interface Questions {
  readonly questions: number
  readonly askedKeys: number
}

/** How often the payment was made, and how many different payments the downstream saw. */
export const effectsOf = async (office: Pick<Office, 'effectsTable'>, key: string): Promise<Effects> => {
  const { runs, downstreamKeys } = await rowOf(office, key)
  return { runs: Number(runs?.N ?? 0), downstreamKeys: downstreamKeys?.SS?.length ?? 0 }
}

/** How often the downstream was asked about the payment, and under how many different keys. */
export const questionsOf = async (office: Pick<Office, 'effectsTable'>, key: string): Promise<Questions> => {
  const { questions, askedKeys } = await rowOf(office, key)
  return { questions: Number(questions?.N ?? 0), askedKeys: askedKeys?.SS?.length ?? 0 }
}

const rowOf = async ({ effectsTable }: Pick<Office, 'effectsTable'>, key: string) => {
  const get = new GetItemCommand({ TableName: effectsTable, Key: { pk: { S: key } }, ConsistentRead: true })
  return (await testClient().send(get)).Item ?? {}
}
