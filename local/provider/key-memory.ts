import type { WireAnswer } from '../gateway/answer.ts'
import { type Reply, refusal } from './reply.ts'

export interface KeyMemoryOf {
  /** How long a key is remembered, counted from its first request. */
  readonly rememberSeconds: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * Executes each request once while its key is remembered. A retry gets the first answer, with the header
 * `Idempotent-Replayed`. The same key with another request gets 422, and a key at work gets 409.
 */
export type KeyMemory = (key: string, request: string, execute: () => Promise<Reply>) => Promise<Reply['sent']>

interface Known {
  readonly request: string
  readonly since: number
  /** `undefined`: the first request is still at work. */
  answer: WireAnswer | undefined
}

export const keyMemory = ({ rememberSeconds, now }: KeyMemoryOf): KeyMemory => {
  const keys = new Map<string, Known>()
  const isForgotten = ({ answer, since }: Known): boolean =>
    answer !== undefined && now() >= since + rememberSeconds * 1_000

  const executeFirst = async (key: string, request: string, execute: () => Promise<Reply>): Promise<Reply['sent']> => {
    const first: Known = { request, since: now(), answer: undefined }
    keys.set(key, first)
    try {
      const { sent, kept } = await execute()
      first.answer = kept
      return sent
    } finally {
      if (first.answer === undefined) keys.delete(key)
    }
  }

  return async (key, request, execute) => {
    const known = keys.get(key)
    return known === undefined || isForgotten(known) ? executeFirst(key, request, execute) : again(known, request)
  }
}

const again = ({ request: first, answer }: Known, request: string): WireAnswer => {
  if (request !== first) return refusal(422, { code: 'key-reused', rule: 'the key was used for another request' })
  if (answer === undefined) return refusal(409, { code: 'key-at-work', rule: 'the first request is still at work' })
  return { ...answer, headers: [...answer.headers, ['idempotent-replayed', 'true']] }
}
