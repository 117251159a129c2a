import type {
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'

/**
 * The three calls that the store makes. Each answers DynamoDB's output, a plain object; for a write `{}` is enough.
 * Whatever else is answered is `store-misconfigured`. A refusal is thrown in the shape of the AWS SDK's errors: `name`,
 * `$metadata.httpStatusCode`, `$response.headers`, and `Item` where a condition did not hold.
 */
export interface ItemClient {
  putItem(input: PutItemCommandInput, by: AbortSignal): Promise<object>
  updateItem(input: UpdateItemCommandInput, by: AbortSignal): Promise<object>
  getItem(input: GetItemCommandInput, by: AbortSignal): Promise<Pick<GetItemCommandOutput, 'Item'>>
}
