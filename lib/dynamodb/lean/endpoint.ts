import type { RequestOptions } from 'node:http'
import { OptionError, shown } from '../../core/option-rules.ts'

export interface Endpoint {
  readonly region: string
  /** Where requests go: protocol, host and port, path. */
  readonly target: Pick<RequestOptions, 'protocol' | 'hostname' | 'port' | 'path'>
  /** The `Host` header, as it is signed. */
  readonly host: string
}

export interface EndpointOptions {
  readonly region?: string
  readonly endpoint?: string
}

/** AWS's partitions by the start of their Regions' names, each with its usual suffix and its dual-stack suffix. */
const PARTITIONS = [
  ['cn-', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  ['us-iso-', 'c2s.ic.gov', 'api.aws.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov', 'api.aws.scloud'],
  ['us-isof-', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  ['eusc-', 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ['', 'amazonaws.com', 'api.aws'],
] as const

/** The service's own before the general one. */
const VARIABLES = ['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL'] as const

const FIPS = 'AWS_USE_FIPS_ENDPOINT'
const DUAL_STACK = 'AWS_USE_DUALSTACK_ENDPOINT'

/** As the SDK has it: what is given, else what the environment says, else the Region's own endpoint. */
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
  const { protocol, hostname, port, pathname, host } = new URL(text)
  return { region, host, target: { protocol, hostname: bare(hostname), port, path: pathname } }
}

export const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** An empty variable is none, as for the SDK. */
const variableIn = (env: NodeJS.ProcessEnv): (typeof VARIABLES)[number] | undefined =>
  isOn(env, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS') ? undefined : VARIABLES.find((name) => env[name])

/** Every other value counts as none, as for the SDK. */
const isOn = (env: NodeJS.ProcessEnv, name: string): boolean => env[name] === 'true'

const regional = (region: string, env: NodeJS.ProcessEnv): string => {
  const [, usual = '', dualStack = ''] = PARTITIONS.find(([start]) => region.startsWith(start)) ?? []
  const isDualStack = isOn(env, DUAL_STACK)
  // GovCloud's usual endpoints are FIPS endpoints, and only its dual-stack ones have a FIPS name besides.
  const hasFipsName = isOn(env, FIPS) && (isDualStack || !region.startsWith('us-gov-'))
  return `https://dynamodb${hasFipsName ? '-fips' : ''}.${region}.${isDualStack ? dualStack : usual}`
}

/** A URL writes an IPv6 address in brackets; a socket wants it without. */
const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1')
