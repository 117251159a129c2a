import { RemoteError, UsageError } from '../answer.ts'
import type { WriteFlags } from '../flags.ts'
import { isLoopback } from '../loopback.ts'

/** The ARN of the credentials, which AWS confirms; or the name that was given, which is not checked. */
export const whoActs = async ({ by, endpoint, region, profile }: WriteFlags): Promise<string> => {
  if (by !== undefined) return unverified(by)
  if (endpoint !== undefined && isLoopback(endpoint))
    throw new UsageError('--by is needed with --endpoint: an emulator does not know who you are')
  if (profile !== undefined) process.env.AWS_PROFILE = profile
  const { STSClient, GetCallerIdentityCommand } = await securityTokens()
  try {
    const client = new STSClient(region === undefined ? {} : { region })
    const { Arn } = await client.send(new GetCallerIdentityCommand({}))
    return Arn ?? 'unknown'
  } catch (error) {
    const { name, message } = error as Error
    throw new RemoteError(`AWS STS does not say who you are (${name}: ${message}); give --by, or other credentials`)
  }
}

/** Two names count as two persons, so a name is not empty. Its note has to fit beside it. */
const unverified = (by: string): string => {
  if (/^[!-~]([ -~]{0,179}[!-~])?$/.test(by)) return `${by} (unverified)`
  throw new UsageError('--by must be 1 to 180 characters of printable ASCII: who you are, such as an e-mail address')
}

const securityTokens = async () => {
  try {
    return await import('@aws-sdk/client-sts')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new UsageError('to find out who you are, npm install @aws-sdk/client-sts; or say it with --by')
  }
}
