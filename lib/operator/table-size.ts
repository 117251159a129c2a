import type { DescribeTableCommandOutput } from '@aws-sdk/client-dynamodb'

/** A scan is eventually consistent: half a read unit for each 4 KB. */
const BYTES_OF_A_READ_UNIT = 8_192

export interface TableSize {
  readonly items: number
  readonly bytes: number
  /** What a scan of the whole table costs, in read units. */
  readonly scanReadUnits: number
}

export const sizeOf = ({ Table: table }: DescribeTableCommandOutput): TableSize => {
  const { ItemCount: items = 0, TableSizeBytes: bytes = 0 } = table ?? {}
  return { items, bytes, scanReadUnits: Math.ceil(bytes / BYTES_OF_A_READ_UNIT) }
}
