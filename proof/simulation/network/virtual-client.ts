import { StoreMisconfiguredError, StoreUnavailableError } from '../../../lib/core/errors.ts'
import { deadlineSignal } from '../deadline-signal.ts'
import { type Invocation, later, pass, say } from '../invocation.ts'
import type { World } from '../world.ts'
import { deafness, delay, drawFate, type Fate, failure, isDoubtful, isHeld, type Purpose, travel } from './fate.ts'

export interface Request<T> {
  readonly purpose: Purpose
  /** For the log. */
  readonly what: () => string
  /** Applies one send to the store. */
  readonly act: (sent: number, stray: () => boolean) => Promise<T>
  readonly commit?: CommitRequest<T>
}

/** What only a commit has. */
interface CommitRequest<T> {
  /** A send gets no answer. */
  readonly doubt: () => void
  /** DynamoDB may have a send without deciding it. Returns what decides it. */
  readonly hold: () => () => void
  /** The answer to a send that the store refuses for a reason other than the record. */
  readonly refused: (fate: 'busy' | 'denied') => T
  /** The answer as the client gives it, after so many sends. */
  readonly after: (answer: T, sends: number) => T
}

/** A store call. Its client sends it a second time if the first send gets no answer. */
interface Exchange<T> {
  readonly world: World
  readonly invocation: Invocation
  readonly request: Request<T>
  /** Whether the sender has its answer or has given up. */
  isOver: boolean
  sends: number
  readonly resolve: (answer: Promise<T>) => void
  readonly reject: (error: StoreUnavailableError | StoreMisconfiguredError) => void
}

/** As in the layer's own client: two attempts of 900 ms. */
const MAX_SENDS = 2
const SEND_TIMEOUT = 900

export const exchange = <T>(
  world: World,
  invocation: Invocation,
  signal: AbortSignal,
  request: Request<T>,
): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    pass(world, invocation) // before it is sent
    if (!invocation.isAlive) return
    const call: Exchange<T> = { world, invocation, request, isOver: false, sends: 0, resolve, reject }
    const deaf = deafness(world)
    if (deaf === undefined) {
      send(call)
      deadlineSignal(signal).whenAborted(() => giveUp(call, 'gives up'))
    } else later(world, invocation, deaf, () => send(call))
    pass(world, invocation) // while it is under way
  })

const giveUp = <T>(call: Exchange<T>, how: string): void => {
  if (call.isOver) return
  call.isOver = true
  say(call.world, call.invocation, () => `${how}: ${call.request.what()}`)
  call.reject(new StoreUnavailableError(how))
}

const send = <T>(call: Exchange<T>): void => {
  const { world, invocation } = call
  const { timeline } = world
  call.sends++
  const fate = drawFate(world, invocation, call.request.purpose)
  const sent = world.order()
  say(
    world,
    invocation,
    () => `${call.request.what()}${call.sends > 1 ? ', again' : ''}${fate === 'arrives' ? '' : ` [${fate}]`}`,
  )
  if (isDoubtful(fate)) call.request.commit?.doubt()
  const decide = isHeld(fate) ? call.request.commit?.hold() : undefined
  const stray = (): boolean => call.isOver || !invocation.isAlive
  const arrive = (answering: boolean): void => {
    if (fate === 'late') say(world, invocation, () => `is late with: ${call.request.what()}`)
    decide?.()
    const answer = call.request.act(sent, stray)
    if (answering) later(world, invocation, travel(world, fate), () => answered(call, answer))
  }
  switch (fate) {
    case 'arrives':
      timeline.after(travel(world, fate), () => arrive(true))
      return
    case 'slow':
      timeline.after(travel(world, fate), () => arrive(true))
      later(world, invocation, SEND_TIMEOUT, () => sendAgain(call, call.sends))
      break
    case 'late':
      timeline.after(delay(world), () => arrive(false))
      break
    case 'busy':
    case 'contended':
    case 'denied':
      world.refusals++
      later(world, invocation, travel(world, fate), () => refuse(call, fate))
      return
    case 'answerLost':
      timeline.after(travel(world, fate), () => arrive(false))
      break
  }
  if (fate !== 'slow') awaitFailure(call, fate)
}

/** Errors that the client does not retry. */
const refuse = <T>(call: Exchange<T>, fate: 'busy' | 'contended' | 'denied'): void => {
  if (call.isOver) return
  const { commit } = call.request
  if (commit !== undefined && fate !== 'contended') {
    answered(call, Promise.resolve(commit.refused(fate)))
    return
  }
  call.isOver = true
  if (fate === 'denied') call.reject(new StoreMisconfiguredError('denied'))
  else call.resolve(Promise.resolve({ kind: 'contended' } as T))
}

/** The client notices a reset or refusal at once, and silence after its own timeout. */
const awaitFailure = <T>(call: Exchange<T>, fate: Fate): void => {
  const { world, invocation } = call
  const seen = fate === 'throttled' ? world.random.between(2, 30) : fate === 'slowSettle' ? undefined : failure(world)
  later(world, invocation, seen ?? SEND_TIMEOUT, () => sendAgain(call, call.sends))
}

/** Like the SDK: sends the same request again after a short pause, then rejects. */
const sendAgain = <T>(call: Exchange<T>, after: number): void => {
  const { world, invocation } = call
  if (call.isOver || call.sends !== after) return
  if (call.sends === MAX_SENDS) {
    giveUp(call, 'gets no answer')
    return
  }
  later(world, invocation, world.random.between(10, 100), () => {
    if (!call.isOver && call.sends === after) send(call)
  })
}

const answered = <T>(call: Exchange<T>, answer: Promise<T>): void => {
  const { world, invocation } = call
  if (call.isOver) return
  pass(world, invocation)
  if (!invocation.isAlive) return
  call.isOver = true
  const { commit } = call.request
  call.resolve(commit === undefined ? answer : answer.then((given) => commit.after(given, call.sends)))
}
