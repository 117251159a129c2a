import type {
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  TransactWriteItemsCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'

/**
 * The calls that the store makes. Each resolves with DynamoDB's output, a plain object; for a write, `{}` is enough.
 * Any other value makes the call fail with `store-misconfigured`. Errors have the shape of the AWS SDK's: `name`,
 * `$metadata.httpStatusCode`, `$response.headers`, and `Item` if a condition did not hold; `CancellationReasons` for a
 * transaction. `$metadata.attempts` says how often the request was sent; without it the store takes it for more than once.
 */
export interface ItemClient {
  putItem(input: PutItemCommandInput, signal: AbortSignal): Promise<object>
  updateItem(input: UpdateItemCommandInput, signal: AbortSignal): Promise<object>
  /** Only for `transact` of `lambda-once/effects`, and for `lambda-once/write`. */
  transactWriteItems?(input: TransactWriteItemsCommandInput, signal: AbortSignal): Promise<object>
  getItem(input: GetItemCommandInput, signal: AbortSignal): Promise<Pick<GetItemCommandOutput, 'Item'>>
}
