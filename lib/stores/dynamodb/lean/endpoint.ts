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

/** As the SDK has it: what is given, else what the environment says, else the Region's own endpoint. */
export const resolveEndpoint = (where: string, options: EndpointOptions, env: NodeJS.ProcessEnv): Endpoint => {
  const region = options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  if (region === undefined || region === '') {
    throw new OptionError(where, 'region', 'is missing; give it, or set AWS_REGION')
  }
  const url = new URL(
    options.endpoint ?? env.AWS_ENDPOINT_URL_DYNAMODB ?? env.AWS_ENDPOINT_URL ?? regional(region, env),
  )
  const { protocol, hostname, port, pathname, host } = url
  return { region, host, target: { protocol, hostname: bare(hostname), port, path: pathname } }
}

const regional = (region: string, env: NodeJS.ProcessEnv): string => {
  const suffix = SUFFIXES.find(([start]) => region.startsWith(start))?.[1] ?? 'amazonaws.com'
  return `https://dynamodb${env.AWS_USE_FIPS_ENDPOINT === 'true' ? '-fips' : ''}.${region}.${suffix}`
}

/** A URL writes an IPv6 address in brackets; a socket wants it without. */
const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1')
