import { readFileSync } from 'node:fs'
import { fromSeconds } from '../../core/time.ts'
import { requestTarget, sendHttpRequest } from './http-request.ts'
import { parseJson } from './wire.ts'

/** The host that a relative URI belongs to. */
const ECS_HOST = 'http://169.254.170.2'

/** Without TLS a token may go only to the machine itself, or to the addresses of ECS and EKS. The AWS SDK has the same list. */
const PLAIN_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]', '169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'])

/** Short, because the endpoint is on the same machine. */
const TIMEOUT = fromSeconds(1)

export const containerEndpoint = (env: NodeJS.ProcessEnv): URL | undefined => {
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
  if (relative) return new URL(relative, ECS_HOST)
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI
  return full ? new URL(full) : undefined
}

/** Throws if the answer is not a 200 with JSON: the store then counts as down. */
export const fetchContainerCredentials = async (url: URL, env: NodeJS.ProcessEnv): Promise<unknown> => {
  if (url.protocol !== 'https:' && !PLAIN_HOSTS.has(url.hostname)) {
    throw new Error(`The container credentials endpoint ${url.host} is neither local nor https`)
  }
  const authorization = tokenOf(env)
  const { status, body } = await sendHttpRequest(
    {
      ...requestTarget(url),
      path: url.pathname + url.search,
      headers: authorization === undefined ? {} : { authorization },
    },
    undefined,
    TIMEOUT,
  )
  if (status !== 200) throw new Error(`The container credentials endpoint answered ${status}`)
  const answer = parseJson(body)
  if (answer === undefined) throw new Error('The container credentials endpoint did not answer JSON')
  return read(answer)
}

/** Reads the file each time, because EKS replaces it. */
const tokenOf = (env: NodeJS.ProcessEnv): string | undefined => {
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  return file ? readFileSync(file, 'utf8').trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN
}

/** Renames the members. `refreshingSource` checks their values. */
const read = (answer: unknown): unknown => {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = Object(answer) as Readonly<Record<string, string>>
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiration: Expiration && new Date(Expiration),
  }
}
