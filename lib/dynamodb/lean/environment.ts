import { containerEndpoint, fetchContainerCredentials } from './container.ts'
import { type Credentials, CredentialsProviderError, type CredentialsSource, refreshingSource } from './credentials.ts'

/**
 * The chain of the Lambda environment: the variables that Lambda sets, else the container endpoint of SnapStart and
 * managed instances. Read at each use, since both may change while the process lives.
 */
export const environmentCredentials = (env: NodeJS.ProcessEnv, now: () => number): CredentialsSource => {
  let fromContainer: CredentialsSource | undefined
  return () => {
    const fromVariables = variables(env)
    if (fromVariables !== undefined) return fromVariables
    fromContainer ??= refreshingSource(() => fetchContainerCredentials(endpointOf(env), env), now)
    return fromContainer()
  }
}

const variables = (env: NodeJS.ProcessEnv): Credentials | undefined => {
  const accessKeyId = env.AWS_ACCESS_KEY_ID
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY
  const sessionToken = env.AWS_SESSION_TOKEN
  if (!accessKeyId || !secretAccessKey) return undefined
  return sessionToken ? { accessKeyId, secretAccessKey, sessionToken } : { accessKeyId, secretAccessKey }
}

const endpointOf = (env: NodeJS.ProcessEnv): URL => {
  const endpoint = containerEndpoint(env)
  if (endpoint !== undefined) return endpoint
  throw new CredentialsProviderError('Neither AWS_ACCESS_KEY_ID nor a container credentials endpoint is set')
}
