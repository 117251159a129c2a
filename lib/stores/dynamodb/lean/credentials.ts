import { millis } from '../../../core/time.ts'

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

/** Kept until five minutes before their end; and to their end, where no new ones can be had. */
export const renewed = (fetch: () => Promise<Credentials>, now: () => number): CredentialsSource => {
  let current: Credentials | undefined
  let pending: Promise<Credentials> | undefined

  const refresh = (): Promise<Credentials> => {
    pending ??= fetch()
      .then((fetched) => {
        current = fetched
        return fetched
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  const lasts = (span: number): boolean =>
    current !== undefined && (current.expiration === undefined || current.expiration.getTime() > now() + span)

  return async () => {
    if (current !== undefined && lasts(REFRESH_BEFORE)) return current
    try {
      return await refresh()
    } catch (error) {
      if (current !== undefined && lasts(0)) return current
      throw error
    }
  }
}
