import type {
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'

/**
 * The three calls that the store makes. A refusal is thrown in the shape of the AWS SDK's errors: `name`,
 * `$metadata.httpStatusCode`, `$response.headers`, and `Item` where a condition did not hold.
 */
export interface ItemClient {
  putItem(input: PutItemCommandInput, by: AbortSignal): Promise<unknown>
  updateItem(input: UpdateItemCommandInput, by: AbortSignal): Promise<unknown>
  getItem(input: GetItemCommandInput, by: AbortSignal): Promise<Pick<GetItemCommandOutput, 'Item'>>
}
