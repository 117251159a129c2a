import { fromSeconds, millis } from '../../core/time.ts'

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

/** What is wrong with credentials, or nothing where they can be used. No value is shown: it may be a secret. */
export const credentialsProblem = (given: unknown): string | undefined => {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = Object(given) as Record<string, unknown>
  if (!isText(accessKeyId) || !isText(secretAccessKey)) {
    return 'must have accessKeyId and secretAccessKey, both non-empty strings'
  }
  if (sessionToken && !isText(sessionToken)) return 'must have a sessionToken that is a string, or none'
  return expiration && !isValidDate(expiration) ? 'must have an expiration that is a valid Date, or none' : undefined
}

/** A copy, so that what is checked is what signs. The signer checks nothing: it would sign with the text "undefined". */
export const checkCredentials = (given: unknown): Credentials => {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = Object(given) as Credentials
  const kept = { ...(sessionToken && { sessionToken }), ...(expiration && { expiration }) }
  const credentials = { accessKeyId, secretAccessKey, ...kept }
  const problem = credentialsProblem(credentials)
  if (problem !== undefined) throw new CredentialsProviderError(`Credentials ${problem}`)
  return credentials
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** By its method, not by its class: a test runner's realm has a Date of its own. */
const isValidDate = (value: unknown): boolean => {
  const { getTime } = value as Partial<Date>
  return typeof getTime === 'function' && Number.isFinite((value as Date).getTime())
}

/** As the AWS SDK: a request that is signed now may be on its way for five minutes. */
const REFRESH_BEFORE = millis(300_000)

/** A source that has not answered by then is asked once more: it may never answer. */
const TIMEOUT = fromSeconds(5)

/**
 * Kept until five minutes before their end. Then new ones are asked for beside the calls that still use the old ones: no
 * call waits, or fails, for new credentials while it has valid ones.
 */
export const refreshingSource = (fetch: () => Promise<unknown>, now: () => number): CredentialsSource => {
  let current: Credentials | undefined
  let pending: { readonly credentials: Promise<Credentials>; readonly since: number } | undefined

  const refresh = (): Promise<Credentials> => {
    if (pending !== undefined && now() - pending.since < TIMEOUT) return pending.credentials
    const credentials = Promise.resolve()
      .then(fetch) // a function of the user's may throw
      .then(checkCredentials) // before they take the place of others
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
