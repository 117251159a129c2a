import { MAX_TRANSACT_ITEMS } from '../core/limits.ts'
import { isObject } from '../core/option-rules.ts'
import type { RefusalReason, TransactItem } from '../core/record/store.ts'
import { assertItems } from '../effects/transact-items.ts'

/** What a one-shot write writes, and what it answers. */
export type Plan =
  | {
      /** 1 to 99 writes to your own tables, as `TransactWriteItems` takes them. */
      readonly items: readonly TransactItem[]
      /** Stored with the items, and replayed. */
      readonly answer: unknown
      /**
       * Makes the answer if a condition of yours does not hold. Nothing is written then, and nothing is stored. May be
       * asynchronous. If it throws, the caller gets the error.
       *
       * @param reasons one entry for each item; `undefined` for an item whose condition holds
       */
      refused(reasons: readonly (RefusalReason | undefined)[]): unknown
    }
  /** There is nothing to write: the answer is given, and nothing is stored. */
  | { readonly items?: undefined; readonly answer: unknown }

/** A plan of one request. `plan` may be called more than once, and in several invocations at the same time. */
export interface OneShot<T> {
  plan(): unknown
  /** An answer that is given and not stored, in the form of the entry. */
  readonly toValue: (answer: unknown) => T
}

/** A plan, read: what it writes, or how it ends without a write. */
export type ReadPlan<T> =
  | {
      readonly items: readonly TransactItem[]
      readonly answer: unknown
      refused(reasons: readonly (RefusalReason | undefined)[]): Promise<T>
    }
  | { readonly items?: undefined; end(): T }

const WHERE = 'A one-shot write'

/** Never throws: an error of the plan must not reach the caller while an earlier send may still be applied. */
export const readPlan = async <T>({ plan, toValue }: OneShot<T>): Promise<ReadPlan<T>> => {
  try {
    const made: unknown = await plan()
    if (!isObject(made) || !('answer' in made))
      throw new TypeError(`${WHERE}: the plan must be { items, answer, refused } or { answer }`)
    const { items, refused } = made
    const answer = await made.answer
    if (items === undefined) return { end: () => toValue(answer) }
    assertItems(WHERE, items, MAX_TRANSACT_ITEMS)
    if (typeof refused !== 'function')
      throw new TypeError(
        `${WHERE}: refused must be a function that makes the answer for a condition that does not hold`,
      )
    return {
      items: items as readonly TransactItem[],
      answer,
      refused: async (reasons) => toValue(await refused.call(made, reasons)),
    }
  } catch (error) {
    return {
      end: () => {
        throw error
      },
    }
  }
}
