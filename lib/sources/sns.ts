import { field } from './field.ts'

/** The part of an SNS record that {@link snsKey} reads. */
export interface SnsRecord {
  readonly Sns: { readonly MessageId: string }
}

/**
 * Key of a message that an SNS topic sends to a function: `Sns.MessageId`. SNS sets it when the message is published, and
 * it is the same on each retry and for each subscriber. Throws `IdempotencyError` `key-missing` without it.
 *
 * Other fields are no keys: two messages may share a `Timestamp`, `Signature` and `SigningCertUrl` change with the keys
 * of SNS, and `EventSubscriptionArn` is the same for all messages. A publisher that publishes twice gets two ids; if your
 * publisher does that, take a key from the message.
 *
 * Source: "Parsing Amazon SNS message formats" in the SNS developer guide ("for a message that Amazon SNS resends
 * during a retry, the message ID of the original message is used").
 */
export const snsKey = (record: SnsRecord): string => field('SNS', 'Sns.MessageId', record?.Sns?.MessageId)
