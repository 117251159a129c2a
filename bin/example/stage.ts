import { RemovalPolicy } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** One deployment of the example, selected by `-c stage=prod`. */
export interface Stage {
  readonly name: string
  /** The stage `prod` keeps its tables and queues when it is destroyed; other stages leave nothing. */
  readonly removalPolicy: RemovalPolicy
  /** How long a function may run, set by `-c timeoutSeconds=2`. */
  readonly timeoutSeconds: number
  /**
   * The payment provider, set by `-c providerUrl=https://…`. It must have the API of `local/provider`. Without it, the
   * example charges no one.
   */
  readonly providerUrl: string | undefined
}

const DEFAULT_STAGE = 'dev'

/** The slow test payment takes 3 s. */
const DEFAULT_TIMEOUT_SECONDS = 10

const STAGE = /^[a-z][a-z0-9-]{0,30}$/

export const readStage = (scope: Construct): Stage => {
  const name: unknown = scope.node.tryGetContext('stage') ?? DEFAULT_STAGE
  if (typeof name !== 'string' || !STAGE.test(name)) {
    throw new Error(`stage is "${String(name)}"; it must be up to 31 of a-z 0-9 -, and begin with a letter`)
  }
  return {
    name,
    removalPolicy: name === 'prod' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    timeoutSeconds: readTimeout(scope.node.tryGetContext('timeoutSeconds') ?? DEFAULT_TIMEOUT_SECONDS),
    providerUrl: readProviderUrl(scope.node.tryGetContext('providerUrl')),
  }
}

/** An HTTP API waits 30 s at most. */
const readTimeout = (given: unknown): number => {
  const value = Number(given)
  if (Number.isInteger(value) && value >= 1 && value <= 30) return value
  throw new Error(`timeoutSeconds is "${String(given)}"; it must be an integer from 1 to 30`)
}

const readProviderUrl = (given: unknown): string | undefined => {
  if (given === undefined) return undefined
  if (typeof given === 'string' && /^https?:\/\/.*[^/]$/.test(given) && URL.canParse(given)) return given
  throw new Error(`providerUrl is "${String(given)}"; it must be a URL with http or https, without a / at its end`)
}
