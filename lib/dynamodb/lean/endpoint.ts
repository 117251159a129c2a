import { OptionError, shown } from '../../core/option-rules.ts'
import { type RequestTarget, requestTarget } from './http-request.ts'

export interface Endpoint {
  readonly region: string
  readonly target: RequestTarget
  /** The `Host` header, which the signature covers. */
  readonly host: string
}

export interface EndpointOptions {
  readonly region?: string
  readonly endpoint?: string
}

/** AWS's partitions: the start of their Regions' names, the default DNS suffix, the dual-stack suffix. */
const PARTITIONS = [
  ['cn-', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  ['us-iso-', 'c2s.ic.gov', 'api.aws.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov', 'api.aws.scloud'],
  ['us-isof-', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  ['eusc-', 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ['', 'amazonaws.com', 'api.aws'],
] as const

/** The service's own variable comes first. */
const VARIABLES = ['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL'] as const

const FIPS = 'AWS_USE_FIPS_ENDPOINT'
const DUAL_STACK = 'AWS_USE_DUALSTACK_ENDPOINT'

/** As in the SDK: the option, otherwise the environment, otherwise the Region's own endpoint. */
export const resolveEndpoint = (where: string, options: EndpointOptions, env: NodeJS.ProcessEnv): Endpoint => {
  const region = options.region || env.AWS_REGION || env.AWS_DEFAULT_REGION
  if (!region) throw new OptionError(where, 'region', 'is missing; give it, or set AWS_REGION')
  const variable = options.endpoint === undefined ? variableIn(env) : undefined
  const given = options.endpoint ?? (variable && env[variable])
  const text = given ?? regional(region, env)
  const source = variable ?? (given === undefined ? 'the Region' : 'the option')
  const flag = [FIPS, DUAL_STACK].find((name) => given !== undefined && isOn(env, name))
  const problem = isHttpUrl(text) ? flag && `it excludes ${flag}=true, as with the SDK` : 'it must be an http(s) URL'
  if (problem) throw new OptionError(where, 'endpoint', `is ${shown(text)}, by ${source}; ${problem}`)
  const url = new URL(text)
  return { region, host: url.host, target: requestTarget(url) }
}

export const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** An empty variable counts as absent, as in the SDK. */
const variableIn = (env: NodeJS.ProcessEnv): (typeof VARIABLES)[number] | undefined =>
  isOn(env, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS') ? undefined : VARIABLES.find((name) => env[name])

/** Any other value counts as absent, as in the SDK. */
const isOn = (env: NodeJS.ProcessEnv, name: string): boolean => env[name] === 'true'

const regional = (region: string, env: NodeJS.ProcessEnv): string => {
  const [, usual = '', dualStack = ''] = PARTITIONS.find(([start]) => region.startsWith(start)) ?? []
  const isDualStack = isOn(env, DUAL_STACK)
  // GovCloud's default endpoints are FIPS endpoints already. Only its dual-stack endpoints have a separate FIPS name.
  const hasFipsName = isOn(env, FIPS) && (isDualStack || !region.startsWith('us-gov-'))
  return `https://dynamodb${hasFipsName ? '-fips' : ''}.${region}.${isDualStack ? dualStack : usual}`
}
