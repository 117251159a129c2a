import { containerEndpoint, fetchContainerCredentials } from './container.ts'
import { type Credentials, CredentialsProviderError, type CredentialsSource, refreshingSource } from './credentials.ts'

/**
 * Credentials of the Lambda environment: the variables that Lambda sets, otherwise the container endpoint of SnapStart and
 * managed instances. Reads them at each use, because both may change while the process runs.
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
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

const endpointOf = (env: NodeJS.ProcessEnv): URL => {
  const endpoint = containerEndpoint(env)
  if (endpoint !== undefined) return endpoint
  throw new CredentialsProviderError('Neither AWS_ACCESS_KEY_ID nor a container credentials endpoint is set')
}
