import { fromSeconds, millis } from '../../core/time.ts'

/** AWS credentials, in the shape of the SDK's `AwsCredentialIdentity`. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export type CredentialsSource = () => Credentials | Promise<Credentials>

/** The AWS SDK uses the same name. */
export class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError'
}

/** Says what is wrong with the credentials, or returns `undefined`. It shows no value, because a value may be a secret. */
export const credentialsProblem = (given: unknown): string | undefined => {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = Object(given) as Record<string, unknown>
  if (!isText(accessKeyId) || !isText(secretAccessKey)) {
    return 'must have accessKeyId and secretAccessKey, both non-empty strings'
  }
  if (sessionToken && !isText(sessionToken)) return 'must have a sessionToken that is a string, or none'
  return expiration && !isValidDate(expiration) ? 'must have an expiration that is a valid Date, or none' : undefined
}

/** Returns a copy, so a later change has no effect. The signer checks nothing: it would sign with the text "undefined". */
export const checkCredentials = (given: unknown): Credentials => {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = Object(given) as Credentials
  const kept = { ...(sessionToken && { sessionToken }), ...(expiration && { expiration }) }
  const credentials = { accessKeyId, secretAccessKey, ...kept }
  const problem = credentialsProblem(credentials)
  if (problem !== undefined) throw new CredentialsProviderError(`Credentials ${problem}`)
  return credentials
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** Checks the method, not the class: a test runner's realm has its own `Date`. */
const isValidDate = (value: unknown): boolean => {
  const { getTime } = value as Partial<Date>
  return typeof getTime === 'function' && Number.isFinite((value as Date).getTime())
}

/** The AWS SDK's value: a signed request may take five minutes to arrive. */
const REFRESH_BEFORE = millis(300_000)

/** After this time `fetch` is called again, because the first call may never end. */
const TIMEOUT = fromSeconds(5)

/**
 * Keeps credentials until five minutes before they expire. Then it fetches new ones in the background, while calls still
 * use the old ones. No call waits for new credentials, or fails without them, while the old ones are valid.
 */
export const refreshingSource = (fetch: () => Promise<unknown>, now: () => number): CredentialsSource => {
  let current: Credentials | undefined
  let pending: { readonly credentials: Promise<Credentials>; readonly since: number } | undefined

  const refresh = (): Promise<Credentials> => {
    if (pending !== undefined && now() - pending.since < TIMEOUT) return pending.credentials
    const credentials = Promise.resolve()
      .then(fetch) // inside `then`, because a user's function may throw
      .then(checkCredentials)
      .then((fetched) => {
        if (endOf(fetched) >= endOf(current)) current = fetched // an older fetch may end after a newer one
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
    if (!lasts(REFRESH_BEFORE)) refresh().catch(() => {}) // the next call fetches again
    return current
  }
}

/** Missing credentials have expired long ago. Credentials without an expiration never expire. */
const endOf = (credentials: Credentials | undefined): number =>
  credentials === undefined ? Number.NEGATIVE_INFINITY : (credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY)
