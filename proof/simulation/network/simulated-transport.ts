import type { Claim } from '../../../lib/core/record/claim.ts'
import type { Settlement } from '../../../lib/core/record/store.ts'
import { type Answer, NoAnswerError } from '../../../lib/dynamodb/lean/http-request.ts'
import type { LeanClientSettings } from '../../../lib/dynamodb/lean/lean-client.ts'
import { type Step, stepOf } from '../../../test/support/store-step.ts'
import { deadlineSignal } from '../deadline-signal.ts'
import { type Invocation, later, pass, say } from '../invocation.ts'
import { applied } from '../ledger.ts'
import {
  type ItemTable,
  type Operation,
  operationIn,
  refusal,
  type TableAnswer,
  type TableRequest,
} from '../table/item-table.ts'
import type { World } from '../world.ts'
import { delay, drawFate, failure, isStale, type Purpose, travel } from './fate.ts'
import { busy, isPut, recordIn, sending, type TransactRequest, transacted } from './simulated-transaction.ts'

type Transport = NonNullable<LeanClientSettings['transport']>

/** A store call. The transport sees only its requests. */
export interface Call {
  readonly claim: Claim
  /** Whether its caller has the answer or has given up. */
  isOver: boolean
}

/** One send of a request. */
interface Sent {
  readonly operation: Operation
  /** Of a transaction: its write of the record. */
  readonly request: TableRequest
  readonly transaction: TransactRequest | undefined
  readonly step: Step
  /** The store call that it belongs to; `undefined` for a peek. */
  readonly call: Call | undefined
}

export type CallKind = 'claim' | 'renew' | 'nextGeneration' | 'checkpoint' | 'commit' | 'settle'

export const callName = (of: CallKind, token: string): string => `${of} ${token}`

const KINDS: Readonly<Record<Exclude<Step, 'peek'>, CallKind>> = {
  claim: 'claim',
  takeOver: 'claim',
  renew: 'renew',
  nextGeneration: 'nextGeneration',
  checkpoint: 'checkpoint',
  commit: 'commit',
  complete: 'settle',
  release: 'settle',
  abandon: 'settle',
}

/** Carries one request of the production client, and its answer, over a network with faults. */
export const simulatedTransport =
  (world: World, invocation: Invocation, table: ItemTable, calls: ReadonlyMap<string, Call>): Transport =>
  ({ headers }, body = '', timeout, signal) =>
    new Promise<Answer>((resolve, reject) => {
      pass(world, invocation) // before it is sent
      if (!invocation.isAlive) return
      if (signal?.aborted) return reject(new NoAnswerError('AbortError'))
      let isOver = false
      const patient = later(world, invocation, timeout, () => fail('TimeoutError'))
      const end = (): boolean => {
        if (isOver) return false
        isOver = true
        patient.cancel()
        return true
      }
      const fail = (how: NoAnswerName): void => {
        if (end()) reject(new NoAnswerError(how))
      }
      if (signal !== undefined) deadlineSignal(signal).whenAborted(() => fail('AbortError'))
      travelThrough(world, invocation, table, {
        sent: readSent(headers as readonly string[], body, calls),
        reset: () => fail('NetworkError'),
        answered: (answer) => {
          if (!end()) return
          pass(world, invocation)
          if (invocation.isAlive) resolve(answer)
        },
      })
      pass(world, invocation) // while it is under way
    })

type NoAnswerName = ConstructorParameters<typeof NoAnswerError>[0]

interface Sending {
  readonly sent: Sent
  readonly reset: () => void
  readonly answered: (answer: Answer) => void
}

/** Sends a request and applies its fate. */
const travelThrough = (
  world: World,
  invocation: Invocation,
  table: ItemTable,
  { sent, reset, answered }: Sending,
): void => {
  const { timeline } = world
  const fate = drawFate(world, invocation, purposeOf(sent.step))
  const order = world.order()
  const what = (): string => `${sent.step} ${sent.call?.claim.claimToken ?? ''}`
  say(world, invocation, () => `sends ${what()}${fate === 'arrives' ? '' : ` [${fate}]`}`)

  const decide = sent.transaction === undefined ? undefined : sending(world, sent.transaction, fate)
  const arrive = (): Answer => {
    decide?.()
    if (fate === 'late') say(world, invocation, () => `is late with: ${what()}`)
    return withDate(world, served(world, invocation, table, sent, order))
  }
  const answerLater = (answer: Answer): void =>
    void later(world, invocation, travel(world, fate), () => answered(answer))
  const loseAnswer = (): void => {
    const seen = failure(world)
    if (seen !== undefined) later(world, invocation, seen, reset)
  }

  switch (fate) {
    case 'arrives':
    case 'slow':
      timeline.after(travel(world, fate), () => answerLater(arrive()))
      return
    case 'throttled':
      answerLater(withDate(world, refusal('ThrottlingException')))
      return
    case 'busy':
      world.refusals++
      answerLater(withDate(world, busy(world)))
      return
    case 'contended':
    case 'denied':
      world.refusals++
      answerLater(
        withDate(world, refusal(fate === 'denied' ? 'AccessDeniedException' : 'TransactionConflictException')),
      )
      return
    case 'slowSettle':
      return
    case 'late':
      timeline.after(delay(world), arrive)
      break
    case 'answerLost':
      timeline.after(travel(world, fate), arrive)
      break
  }
  loseAnswer()
}

const purposeOf = (of: Step): Purpose => {
  if (of === 'peek') return 'peek'
  const kind = KINDS[of]
  return kind === 'claim' || kind === 'renew' || kind === 'commit' ? kind : 'settle'
}

/** Each response of DynamoDB carries its time. */
const withDate = ({ timeline }: World, { status, body }: TableAnswer): Answer => ({
  status,
  headers: { date: new Date(timeline.now).toUTCString() },
  body,
})

const served = (world: World, invocation: Invocation, table: ItemTable, sent: Sent, order: number): TableAnswer => {
  const { operation, request, call } = sent
  if (call === undefined) return isStale(world) ? table.serveStale(request) : table.serve(operation, request)
  const stray = call.isOver || !invocation.isAlive
  const { transaction } = sent
  const of = { invocation: invocation.id, claim: call.claim, sent: order, stray }
  if (transaction === undefined)
    return applied(world, { ...of, ...deedOf(sent.step) }, () => table.serve(operation, request))
  const by = isPut(transaction) ? 'put' : 'commit'
  return applied(world, { ...of, by }, () => transacted(world, table, transaction))
}

/** The name of a write in the history. */
const deedOf = (
  of: Step,
):
  | { readonly by: 'claim' | 'takeOver' | 'renew' | 'nextGeneration' | 'checkpoint' | 'commit' }
  | { readonly by: 'settle'; readonly settlement: Settlement['kind'] } => {
  switch (of) {
    case 'complete':
      return { by: 'settle', settlement: 'completed' }
    case 'release':
      return { by: 'settle', settlement: 'released' }
    case 'abandon':
      return { by: 'settle', settlement: 'abandoned' }
    case 'claim':
    case 'takeOver':
    case 'renew':
    case 'nextGeneration':
    case 'checkpoint':
    case 'commit':
      return { by: of }
    case 'peek':
      throw new Error('A peek writes nothing')
  }
}

const readSent = (headers: readonly string[], body: string, calls: ReadonlyMap<string, Call>): Sent => {
  const operation = operationIn(headers)
  const sent: unknown = JSON.parse(body)
  const transaction = operation === 'TransactWriteItems' ? (sent as TransactRequest) : undefined
  const request = transaction === undefined ? (sent as TableRequest) : recordIn(transaction)
  const step = stepOf(operation, request)
  if (step === 'peek') return { operation, request, transaction, step, call: undefined }
  const token = (request.Item?.claimToken ?? request.ExpressionAttributeValues?.[':mine'])?.S ?? ''
  return { operation, request, transaction, step, call: calls.get(callName(KINDS[step], token)) }
}
