import { field } from './field.ts'

/** What is looked at of one of the `Records` that SNS hands a function. */
export interface SnsRecord {
  readonly Sns: { readonly MessageId: string }
}

/**
 * Key of a message from an SNS topic: `Sns.MessageId`. SNS gives it to the publication, and sends it again unchanged
 * with each retry and to each subscriber. `Timestamp` may be shared by two messages; `Signature` and `SigningCertUrl`
 * change with SNS's own keys; `EventSubscriptionArn` is the same for all. A publisher that publishes twice gets two
 * ids: where that happens, take a key from the message.
 *
 * Source: "Parsing Amazon SNS message formats" in the SNS developer guide ("for a message that Amazon SNS resends
 * during a retry, the message ID of the original message is used").
 */
export const snsKey = (record: SnsRecord): string => field('SNS', 'Sns.MessageId', record?.Sns?.MessageId)
