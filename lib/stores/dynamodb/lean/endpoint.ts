import type { RequestOptions } from 'node:http'
import { OptionError } from '../../../core/option-rules.ts'

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

/** AWS's partitions beside the usual one, by the start of their Regions' names. */
const SUFFIXES: readonly (readonly [string, string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
]

/** The service's own before the general one. */
const VARIABLES = ['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL'] as const

/** As the SDK has it: what is given, else what the environment says, else the Region's own endpoint. */
export const resolveEndpoint = (where: string, options: EndpointOptions, env: NodeJS.ProcessEnv): Endpoint => {
  const region = options.region || env.AWS_REGION || env.AWS_DEFAULT_REGION
  if (!region) throw new OptionError(where, 'region', 'is missing; give it, or set AWS_REGION')
  const url = options.endpoint === undefined ? urlIn(where, env, region) : new URL(options.endpoint)
  const { protocol, hostname, port, pathname, host } = url
  return { region, host, target: { protocol, hostname: bare(hostname), port, path: pathname } }
}

export const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** An empty variable is none, as for the SDK. */
const urlIn = (where: string, env: NodeJS.ProcessEnv, region: string): URL => {
  const variable = VARIABLES.find((name) => env[name])
  const text = variable === undefined ? regional(region, env) : (env[variable] as string)
  if (isHttpUrl(text)) return new URL(text)
  throw new OptionError(where, 'endpoint', `is "${text}", by ${variable ?? 'the Region'}; it must be an http(s) URL`)
}

const regional = (region: string, env: NodeJS.ProcessEnv): string => {
  const suffix = SUFFIXES.find(([start]) => region.startsWith(start))?.[1] ?? 'amazonaws.com'
  return `https://dynamodb${hasFipsName(region, env) ? '-fips' : ''}.${region}.${suffix}`
}

/** GovCloud's usual endpoints are FIPS endpoints, and it has no others. */
const hasFipsName = (region: string, env: NodeJS.ProcessEnv): boolean =>
  env.AWS_USE_FIPS_ENDPOINT === 'true' && !region.startsWith('us-gov-')

/** A URL writes an IPv6 address in brackets; a socket wants it without. */
const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1')
