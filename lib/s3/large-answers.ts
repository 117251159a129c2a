import { StoreUnavailableError } from '../core/errors.ts'
import { MAX_LARGE_ANSWER_BYTES } from '../core/limits.ts'
import { isObject, OptionError } from '../core/option-rules.ts'
import { aStore } from '../core/options.ts'
import { encodeOutcome, type OutcomeRoom, unavailable } from '../core/outcome/outcome.ts'
import type { Claim } from '../core/record/claim.ts'
import { isSettled, type StoredRecord } from '../core/record/record.ts'
import type { Completion, Store } from '../core/record/store.ts'
import { systemRuntime } from '../core/runtime.ts'
import { fromSeconds } from '../core/time.ts'
import { decodePointer, encodePointer, isAt, type Pointer, pointerTo } from './pointer.ts'

/** Where large answers are kept: {@link s3Answers}, or anything with these two calls. */
export interface LargeAnswers {
  /** Stores the bytes under the key. Rejects if it is not known that they are stored. */
  put(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<unknown>
  /** The bytes under the key; `undefined` if there are none. Rejects if that is not known. */
  get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>
}

const WHERE = 'largeAnswers(store, answers)'

/** The rest of the time that a settle has belongs to the record. */
const PUT_BUDGET = fromSeconds(2)

/**
 * Returns the same store with room for answers of up to 6 MB, Lambda's own limit. An outcome that does not fit into an item
 * is put into `answers` before the record is completed, and the record holds its key, length and SHA-256. A replay reads it
 * there and checks it.
 *
 * If the put fails, the record is completed without the answer, as without this function: the caller gets the answer, and
 * a retry gets `replay-unavailable`. A replay whose object is missing or changed is `replay-unavailable` too. If the
 * objects cannot be reached, the caller gets `idempotency-unavailable` (503).
 *
 * Throws `OptionError` at construction if `store` is not a store, or `answers` has no put and get.
 *
 * @example
 * const store = largeAnswers(dynamoDbStore({ tableName }), s3Answers({ bucketName: process.env.ANSWER_BUCKET }))
 */
export const largeAnswers = (store: Store, answers: LargeAnswers): Store => {
  const problem = aStore(store)
  if (problem !== undefined) throw new OptionError(WHERE, 'store', problem)
  if (!isAnswers(answers))
    throw new OptionError(WHERE, 'answers', 'must have put and get, such as s3Answers({ bucketName })')
  /** What a completion has become, so that its next send puts nothing again. */
  const moved = new WeakMap<Completion, Completion>()

  const move = async (claim: Claim, completion: Completion, signal: AbortSignal): Promise<Completion> => {
    const known = moved.get(completion)
    if (known !== undefined) return known
    const room = store.outcomeRoom(claim)
    if (room.besideBytes + completion.outcome.length <= room.maxBytes) return completion
    const outcome = await putAway(answers, claim, completion.outcome, signal)
    const short = { ...completion, outcome: outcome ?? encodeOutcome(unavailable('too-large'), room) }
    moved.set(completion, short)
    return short
  }

  const recordIn = async <A extends object>(answer: A, signal: AbortSignal): Promise<A> => {
    const { record } = answer as { readonly record?: StoredRecord }
    return record === undefined ? answer : { ...answer, record: await resolve(answers, record, signal) }
  }

  return {
    skew: store.skew,
    claim: async (wanted, signal) => recordIn(await store.claim(wanted, signal), signal),
    takeOver: async (seen, wanted, signal) => recordIn(await store.takeOver(seen, wanted, signal), signal),
    renew: async (claim, renewal, signal) => recordIn(await store.renew(claim, renewal, signal), signal),
    nextGeneration: async (claim, next, signal) => recordIn(await store.nextGeneration(claim, next, signal), signal),
    checkpoint: async (claim, checkpoint, signal) =>
      recordIn(await store.checkpoint(claim, checkpoint, signal), signal),

    commit: async (claim, commit, signal) => {
      const completion = await move(claim, commit.completion, signal)
      return recordIn(await store.commit(claim, { ...commit, completion }, signal), signal)
    },

    settle: async (claim, settlement, signal) => {
      const moving = settlement.kind === 'completed' ? await move(claim, settlement, signal) : settlement
      return recordIn(await store.settle(claim, moving, signal), signal)
    },

    peek: async (recordKey, signal, wanted) => {
      const record = await store.peek(recordKey, signal, wanted)
      return record && resolve(answers, record, signal)
    },

    outcomeRoom: (claim): OutcomeRoom => {
      const room = store.outcomeRoom(claim)
      return { ...room, maxBytes: room.besideBytes + MAX_LARGE_ANSWER_BYTES }
    },
  }
}

const isAnswers = (value: unknown): value is LargeAnswers =>
  isObject(value) && typeof value.put === 'function' && typeof value.get === 'function'

/**
 * The claim's token keeps the object of a late owner away from the answer that is stored, and the digest does so for the
 * answers of one claim: a transaction that arrives late may be the one that is stored.
 */
const pointerOf = ({ recordKey, claimToken }: Claim, outcome: Uint8Array): Pointer => {
  const pointer = pointerTo(`${recordKey.replace('#', '/')}/${claimToken}`, outcome)
  return { ...pointer, key: `${pointer.key}-${pointer.sha256}` }
}

/** The pointer to the outcome; `undefined` if it could not be put. */
const putAway = async (
  answers: LargeAnswers,
  claim: Claim,
  outcome: Uint8Array,
  caller: AbortSignal,
): Promise<Uint8Array | undefined> => {
  const pointer = pointerOf(claim, outcome)
  const put = (own: AbortSignal) => answers.put(pointer.key, outcome, AbortSignal.any([own, caller]))
  try {
    await systemRuntime.withDeadline(PUT_BUDGET, put)
    return encodePointer(pointer)
  } catch (error) {
    console.error(
      `lambda-once: an answer of ${outcome.length} bytes could not be put (${nameOf(error)}): retries get replay-unavailable`,
    )
    return undefined
  }
}

/** The record with its outcome as it was before it was put away. */
const resolve = async (answers: LargeAnswers, record: StoredRecord, signal: AbortSignal): Promise<StoredRecord> => {
  const pointer = isSettled(record) ? decodePointer(record.outcome) : undefined
  if (pointer === undefined) return record
  const object = pointer === 'unreadable' ? undefined : await read(answers, pointer.key, signal)
  const isRight = object !== undefined && pointer !== 'unreadable' && isAt(pointer, object)
  return { ...record, outcome: isRight ? object : UNREADABLE } as StoredRecord
}

const read = async (answers: LargeAnswers, key: string, signal: AbortSignal): Promise<Uint8Array | undefined> => {
  try {
    return await answers.get(key, signal)
  } catch (error) {
    throw new StoreUnavailableError(`A stored answer cannot be read (${nameOf(error)})`, { cause: error })
  }
}

/** A version that no reader knows: the replay is unavailable. */
const UNREADABLE = Uint8Array.of(0)

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error')
