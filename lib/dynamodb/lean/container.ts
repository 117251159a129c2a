import { readFileSync } from 'node:fs'
import { fromSeconds } from '../../core/time.ts'
import { sendHttpRequest } from './http-request.ts'

/** Where a relative URI is asked for. */
const ECS_HOST = 'http://169.254.170.2'

/** Without TLS a token may go to the machine itself, or to the two addresses of ECS and EKS; as the AWS SDK has it. */
const PLAIN_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]', '169.254.170.2', '169.254.170.23', '[fd00:ec2::23]'])

/** The endpoint is on the same machine. */
const TIMEOUT = fromSeconds(1)

export const containerEndpoint = (env: NodeJS.ProcessEnv): URL | undefined => {
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
  if (relative) return new URL(relative, ECS_HOST)
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI
  return full ? new URL(full) : undefined
}

/** Throws where the endpoint answers no 200 or no JSON: the store then counts as down. */
export const fetchContainerCredentials = async (url: URL, env: NodeJS.ProcessEnv): Promise<unknown> => {
  if (url.protocol !== 'https:' && !PLAIN_HOSTS.has(url.hostname)) {
    throw new Error(`The container credentials endpoint ${url.host} is neither local nor https`)
  }
  const authorization = tokenOf(env)
  const { status, body } = await sendHttpRequest(
    {
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      path: url.pathname + url.search,
      headers: authorization === undefined ? {} : { authorization },
    },
    undefined,
    TIMEOUT,
  )
  if (status !== 200) throw new Error(`The container credentials endpoint answered ${status}`)
  return read(parse(body))
}

/** The file is read each time, because EKS replaces it. */
const tokenOf = (env: NodeJS.ProcessEnv): string | undefined => {
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  return file ? readFileSync(file, 'utf8').trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN
}

/** The parser's own error quotes the text, which holds the secret. */
const parse = (body: string): Parameters<typeof read>[0] => {
  try {
    return JSON.parse(body)
  } catch {
    throw new Error('The container credentials endpoint did not answer JSON')
  }
}

/** As the endpoint has them: `refreshingSource` checks whether these are credentials. */
const read = (answer: Readonly<Record<string, string>> | null): unknown => {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer ?? {}
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiration: Expiration && new Date(Expiration),
  }
}
