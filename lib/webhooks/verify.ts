import type { EpochMillis, Millis } from '../core/time.ts'
import type { ReceivedDelivery } from './delivery.ts'
import { type HmacProvider, isOwn, type OwnProvider, type WebhookProvider } from './provider.ts'
import { isSignedWith, readSigned } from './signature.ts'

/** It never says which of several secrets was wrong. */
export type Verdict = 'verified' | 'invalid' | 'stale'

/** The moment of the check. */
export interface Moment {
  readonly now: EpochMillis
  readonly tolerance: Millis
}

export const verify = (
  provider: WebhookProvider,
  delivery: ReceivedDelivery,
  secrets: readonly string[],
  moment: Moment,
): Verdict | Promise<Verdict> =>
  isOwn(provider) ? verifyOwn(provider, delivery, secrets, moment) : verifyHmac(provider, delivery, secrets, moment)

/** The signature first: only who has a right one learns that it is too old. */
const verifyHmac = (
  provider: HmacProvider,
  delivery: ReceivedDelivery,
  secrets: readonly string[],
  { now, tolerance }: Moment,
): Verdict => {
  const signed = readSigned(provider, delivery)
  if (signed === undefined || !isSignedWith(secrets, provider, signed)) return 'invalid'
  if (signed.timestamp === undefined) return 'verified'
  return Math.abs(now - signed.timestamp * 1_000) > tolerance ? 'stale' : 'verified'
}

const verifyOwn = async (
  { verify: check }: OwnProvider,
  delivery: ReceivedDelivery,
  secrets: readonly string[],
  { now, tolerance }: Moment,
): Promise<Verdict> => {
  const answer: unknown = await check(delivery, {
    secrets,
    nowSeconds: Math.floor(now / 1_000),
    toleranceSeconds: tolerance / 1_000,
  })
  if (answer === true) return 'verified'
  return answer === 'stale' ? answer : 'invalid'
}
