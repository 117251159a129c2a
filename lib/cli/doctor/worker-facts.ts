import type { EventSourceMappingConfiguration, LambdaClient } from '@aws-sdk/client-lambda'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { RemoteError, UsageError } from '../answer.ts'
import { type Fact, fact } from './fact.ts'

export interface QueueFacts {
  readonly arn: string
  readonly isFifo: boolean
  readonly visibilitySeconds: number
  readonly retentionSeconds: number
  /** `undefined`: the queue has no redrive policy. */
  readonly redrive: { readonly maxReceiveCount: number; readonly deadLetterArn: string } | undefined
  /** How long the dead-letter queue keeps a message. */
  readonly deadLetterRetentionSeconds: Fact<number>
}

export interface WorkerFacts {
  readonly name: string
  readonly timeoutSeconds: number
  readonly environment: Readonly<Record<string, string>>
  /** Of the queue; `undefined`: the function does not read it. */
  readonly mapping: Fact<MappingFacts | undefined>
}

export interface MappingFacts {
  readonly batchWindowSeconds: number
  readonly reportsItemFailures: boolean
}

/** Throws `RemoteError` if the queue itself cannot be read. */
export const readQueue = async (client: SQSClient, QueueUrl: string): Promise<QueueFacts> => {
  const { GetQueueAttributesCommand, GetQueueUrlCommand } = await import('@aws-sdk/client-sqs')
  const attributesOf = async (url: string): Promise<Partial<Record<string, string>>> => {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    )
    return Attributes
  }
  const attributes = await attributesOf(QueueUrl).catch(refusedBy(`the queue ${QueueUrl}`))
  const redrive = redriveOf(attributes.RedrivePolicy)
  return {
    arn: attributes.QueueArn ?? '',
    isFifo: attributes.FifoQueue === 'true',
    visibilitySeconds: Number(attributes.VisibilityTimeout),
    retentionSeconds: Number(attributes.MessageRetentionPeriod),
    redrive,
    deadLetterRetentionSeconds: await fact(async () => {
      if (redrive === undefined) throw new Error('the queue has no dead-letter queue')
      const [, , , , owner, QueueName] = redrive.deadLetterArn.split(':')
      const { QueueUrl: url = '' } = await client.send(
        new GetQueueUrlCommand({ QueueName, ...(owner ? { QueueOwnerAWSAccountId: owner } : {}) }),
      )
      return Number((await attributesOf(url)).MessageRetentionPeriod)
    }),
  }
}

const redriveOf = (policy: string | undefined): QueueFacts['redrive'] => {
  if (policy === undefined) return undefined
  const { maxReceiveCount, deadLetterTargetArn } = JSON.parse(policy)
  return { maxReceiveCount: Number(maxReceiveCount), deadLetterArn: String(deadLetterTargetArn) }
}

/** Throws `RemoteError` if the function itself cannot be read. */
export const readWorker = async (
  client: LambdaClient,
  FunctionName: string,
  EventSourceArn: string | undefined,
): Promise<WorkerFacts> => {
  const { GetFunctionConfigurationCommand, ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda')
  const { Timeout = 3, Environment } = await client
    .send(new GetFunctionConfigurationCommand({ FunctionName }))
    .catch(refusedBy(`the function ${FunctionName}`))
  return {
    name: FunctionName,
    timeoutSeconds: Timeout,
    environment: Environment?.Variables ?? {},
    mapping: await fact(async () => {
      if (EventSourceArn === undefined) return undefined
      const { EventSourceMappings: [mapping] = [] } = await client.send(
        new ListEventSourceMappingsCommand({ FunctionName, EventSourceArn }),
      )
      return mapping && mappingOf(mapping)
    }),
  }
}

const mappingOf = (mapping: EventSourceMappingConfiguration): MappingFacts => ({
  batchWindowSeconds: mapping.MaximumBatchingWindowInSeconds ?? 0,
  reportsItemFailures: mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
})

const refusedBy =
  (what: string) =>
  (error: Error): never => {
    throw new RemoteError(`${what} cannot be read (${error.name}: ${error.message})`)
  }

/** Before anything is read: the SDK would take a name for the URL of a queue. */
export const checkedQueueUrl = (url: string): string => {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new UsageError(
    `--queue is "${url}"; it must be the queue's URL, such as https://sqs.eu-west-1.amazonaws.com/123456789012/orders`,
  )
}
