import type { Random } from './random.ts'

/** How the user's own rows are written. */
export interface Trade {
  /** `transact`: by a handler under a claim. `oneShot`: without a claim. `mixed`: some requests in one way, some in the other. */
  readonly kind: 'transact' | 'oneShot' | 'mixed'
  /** Of an invocation: its commits get no answer for some time. */
  readonly dark: number
  /** Of a commit: throttling or another transaction cancels it. */
  readonly busy: number
  /** Of a commit that is slow or late: DynamoDB already has it, and answers that to a second send. */
  readonly held: number
  /** Of a handler or plan: it does not do as it should. */
  readonly wilful: number
  /** A second send of an applied transaction is taken for another one's, as some emulators do. */
  readonly isEmulated: boolean
}

export const drawTrade = (random: Random, hasSteps: boolean): Trade | undefined => {
  if (!random.chance(hasSteps ? 0.3 : 0.2)) return undefined
  return {
    kind: hasSteps ? 'transact' : random.pick(['transact', 'transact', 'oneShot', 'oneShot', 'mixed'] as const),
    dark: random.pick([0, 0.3, 0.6]),
    busy: random.pick([0, 0, 0.1, 0.3]),
    held: random.pick([0, 0.3, 0.7]),
    wilful: random.pick([0, 0.3, 0.6]),
    isEmulated: random.chance(0.3),
  }
}
