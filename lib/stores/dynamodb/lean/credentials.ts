import { fromSeconds, millis } from '../../../core/time.ts'

/** In the shape of the AWS SDK's `AwsCredentialIdentity`. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export type CredentialsSource = () => Credentials | Promise<Credentials>

/** Named as the AWS SDK names it. */
export class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError'
}

/** As the AWS SDK: a request that is signed now may be on its way for five minutes. */
const REFRESH_BEFORE = millis(300_000)

/** A source that has not answered by then is asked once more: it may never answer. */
const PATIENCE = fromSeconds(5)

/**
 * Kept until five minutes before their end. Then new ones are asked for beside the calls that still use the old ones: no
 * call waits, or fails, for new credentials while it has valid ones.
 */
export const renewed = (fetch: () => Promise<Credentials>, now: () => number): CredentialsSource => {
  let current: Credentials | undefined
  let pending: { readonly credentials: Promise<Credentials>; readonly since: number } | undefined

  const refresh = (): Promise<Credentials> => {
    if (pending !== undefined && now() - pending.since < PATIENCE) return pending.credentials
    const credentials = Promise.resolve()
      .then(fetch) // a function of the user's may throw
      .then((fetched) => {
        if (endOf(fetched) >= endOf(current)) current = fetched // one that was given up may answer after a newer one
        return fetched
      })
      .finally(() => {
        if (pending?.credentials === credentials) pending = undefined
      })
    pending = { credentials, since: now() }
    return credentials
  }

  const lasts = (span: number): boolean => endOf(current) > now() + span

  return () => {
    if (current === undefined || !lasts(0)) return refresh()
    if (!lasts(REFRESH_BEFORE)) refresh().catch(() => {}) // asked again at the next call, and waited for at the end
    return current
  }
}

/** To have none counts as an end long ago; those that tell no end have none. */
const endOf = (credentials: Credentials | undefined): number =>
  credentials === undefined ? Number.NEGATIVE_INFINITY : (credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY)
