import { field, joined } from './field.ts'

/** What is looked at of one of the `Records` of an S3 event notification. */
export interface S3Record {
  readonly s3: {
    readonly bucket: { readonly name: string }
    readonly object: {
      readonly key: string
      /** Only where versioning is on. */
      readonly versionId?: string | undefined
      /** Only with puts and deletes. */
      readonly sequencer?: string | undefined
    }
  }
}

/**
 * Key of an S3 event notification: bucket, object key, version and sequencer. S3 gives the notification no id. The
 * sequencer orders the puts and deletes of one object key and is the same in each delivery; of another key it says
 * nothing, so all four are needed. `eTag` is the same for two puts of the same bytes, `eventTime` may be shared, and
 * `responseElements.x-amz-request-id` is the writer's request, not the notification's, and not present for all.
 *
 * Notifications without a sequencer (tagging, ACLs, lifecycle, restore) have no key: `key-missing`.
 *
 * Source: "Event message structure" in the S3 user guide.
 */
export const s3Key = (record: S3Record): string => {
  const { bucket, object } = record?.s3 ?? {}
  return joined(
    field('S3', 's3.bucket.name', bucket?.name),
    field('S3', 's3.object.key', object?.key),
    object?.versionId ?? null,
    field('S3', 's3.object.sequencer', object?.sequencer),
  )
}
