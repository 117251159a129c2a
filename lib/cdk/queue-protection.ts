import { RemovalPolicy } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs'

interface Protection {
  readonly encryptionKey?: IKey
  readonly removalPolicy?: RemovalPolicy
}

/** Encrypted at rest and under way. */
export const protectedQueue = ({ encryptionKey, removalPolicy }: Protection): QueueProps => ({
  enforceSSL: true,
  removalPolicy: removalPolicy ?? RemovalPolicy.DESTROY,
  ...(encryptionKey === undefined
    ? { encryption: QueueEncryption.SQS_MANAGED }
    : { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
})
