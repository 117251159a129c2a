import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { DEFAULT_RETENTION_SECONDS } from '../core/limits.ts'
import type { GrantClaimsOptions } from './idempotency-table.ts'
import { checkedOperation } from './operation.ts'

export interface AnswerBucketProps {
  /**
   * The longest `retentionSeconds` of the handlers that use the bucket: whole days, at least 1. S3 deletes each answer a day
   * later, whether its record still exists or never did.
   * @default Duration.days(1), as the default retention
   */
  readonly retention?: Duration
  /**
   * Your own KMS key. `grantAnswers` then grants its use too.
   * @default - keys of Amazon S3 (SSE-S3)
   */
  readonly encryptionKey?: IKey
  /**
   * What happens to the bucket when it is removed from the stack. Without its objects, retries get `replay-unavailable`.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
}

/**
 * The bucket for `s3Answers`: private, encrypted, over TLS only. Nothing in the layer deletes an object, so a lifecycle rule
 * does.
 *
 * ```ts
 * const answers = new AnswerBucket(this, 'Answers')
 * answers.grantAnswers(fn, { operation: 'reports' })
 * ```
 */
export class AnswerBucket extends Construct {
  readonly bucket: IBucket

  constructor(scope: Construct, id: string, props: AnswerBucketProps = {}) {
    super(scope, id)
    const { retention = Duration.seconds(DEFAULT_RETENTION_SECONDS), removalPolicy = RemovalPolicy.RETAIN } = props
    const expiration = retention.plus(Duration.days(1))
    assertWholeDays(retention)
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [
        { id: 'answers', expiration, abortIncompleteMultipartUploadAfter: Duration.days(1), enabled: true },
      ],
      removalPolicy,
      ...(props.encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: props.encryptionKey, bucketKeyEnabled: true }),
    })
    this.bucket = bucket as IBucket // CDK's declarations do not allow this under exactOptionalPropertyTypes
  }

  /**
   * Lets the grantee put and read the answers of one operation. Call it once for each operation of a function.
   *
   * @throws Error if `operation` is a token or breaks its rule
   */
  grantAnswers(grantee: IGrantable, { operation }: GrantClaimsOptions): Grant {
    const onObjects = Grant.addToPrincipal({
      grantee,
      actions: ['s3:GetObject', 's3:PutObject'],
      resourceArns: [this.bucket.arnForObjects(`${checkedOperation(operation)}/*`)],
    })
    const onKey = this.bucket.encryptionKey?.grantEncryptDecrypt(grantee)
    return onKey === undefined ? onObjects : onObjects.combine(onKey)
  }
}

/** S3 counts the age of an object in days. */
const assertWholeDays = (retention: Duration): void => {
  const seconds = retention.toSeconds({ integral: false })
  if (seconds < DAY || seconds % DAY !== 0)
    throw new Error(
      `retention is ${seconds} s; it must be whole days, at least 1: S3 counts the age of objects in days`,
    )
}

const DAY = 86_400
