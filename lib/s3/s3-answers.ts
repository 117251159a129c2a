import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CONNECTION_TIMEOUT_MILLIS, MAX_ATTEMPTS } from '../core/limits.ts'
import { checkOptions, isObject, type Rule } from '../core/option-rules.ts'
import type { LargeAnswers } from './large-answers.ts'

export interface S3AnswersOptions {
  /** Name of a bucket that only this service writes to. `undefined`, as from a missing environment variable, throws. */
  readonly bucketName: string | undefined
  /**
   * Your own `S3Client`, with your own timeouts and retries.
   *
   * @default a client that sends each request at most twice, and waits at most 1.5 s for each answer
   */
  readonly client?: Pick<S3Client, 'send'> | undefined
}

/** 3 to 63 characters, from "General purpose bucket naming rules" in the Amazon S3 User Guide; or the ARN of an access point. */
const BUCKET = /^(?:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|arn:[A-Za-z0-9:/_.-]{1,496})$/

const aBucket: Rule = (value) => {
  if (value === undefined) return 'must be the name of the bucket; is its environment variable set?'
  return typeof value === 'string' && BUCKET.test(value)
    ? undefined
    : 'must be the name of a bucket (3 to 63 of a-z 0-9 . -) or the ARN of an access point'
}

const aClient: Rule = (value) =>
  isObject(value) && typeof value.send === 'function' ? undefined : 'must be an S3Client'

/**
 * Keeps large answers in an S3 bucket, for `largeAnswers`. Throws `OptionError` at construction for an option that cannot be
 * right. The function needs `s3:PutObject` and `s3:GetObject` under `<operation>/*`; without `s3:ListBucket` on the bucket S3
 * answers 403 for an object that is missing, which counts as unreachable.
 *
 * @example
 * const store = largeAnswers(dynamoDbStore({ tableName }), s3Answers({ bucketName: process.env.ANSWER_BUCKET }))
 */
export const s3Answers = (options: S3AnswersOptions): LargeAnswers => {
  checkOptions('s3Answers(options)', options, {
    bucketName: { required: true, rule: aBucket },
    client: { rule: aClient },
  })
  const { bucketName: Bucket, client = boundedClient() } = options
  return {
    put: (Key, Body, abortSignal) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/octet-stream' }), {
        abortSignal,
      }),
    get: async (Key, abortSignal) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal })
        return await Body?.transformToByteArray()
      } catch (error) {
        if ((error as Error | undefined)?.name === 'NoSuchKey') return undefined
        throw error
      }
    },
  }
}

/** An object has up to 6 MB, so it gets more time than a record. */
const OBJECT_TIMEOUT_MILLIS = 1_500

const boundedClient = (): S3Client =>
  new S3Client({
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MILLIS,
      requestTimeout: OBJECT_TIMEOUT_MILLIS,
      throwOnRequestTimeout: true,
    },
  })
