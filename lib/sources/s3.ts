import { field, join } from './field.ts'

/** The part of an S3 event notification's record that {@link s3Key} reads. */
export interface S3Record {
  readonly s3: {
    readonly bucket: { readonly name: string }
    readonly object: {
      readonly key: string
      /** Set only if versioning is on. */
      readonly versionId?: string | undefined
      /** Set only for puts and deletes. */
      readonly sequencer?: string | undefined
    }
  }
}

/**
 * Key of an S3 event notification: bucket, object key, version and sequencer. S3 gives a notification no id. The
 * sequencer is the same in each delivery, but it orders the puts and deletes of one object key only, so all four are
 * needed. Notifications without a sequencer (tagging, ACLs, lifecycle, restore) have no key: the function throws
 * `IdempotencyError` `key-missing`.
 *
 * Other fields are no keys: `eTag` is the same for two puts of the same bytes, several events may share an `eventTime`,
 * and `responseElements.x-amz-request-id` is the id of the writer's request, and not always present.
 *
 * Source: "Event message structure" in the S3 user guide.
 */
export const s3Key = (record: S3Record): string => {
  const { bucket, object } = record?.s3 ?? {}
  return join(
    field('S3', 's3.bucket.name', bucket?.name),
    field('S3', 's3.object.key', object?.key),
    object?.versionId ?? null,
    field('S3', 's3.object.sequencer', object?.sequencer),
  )
}
