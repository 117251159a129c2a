/**
 * `PUT /profiles/{id}` with `If-Match`: the client says which version it has seen (RFC 9110, section 13.1.1). Of several
 * changes to one version, one is applied. A retry of it gets 412, so the client reads the profile and compares.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { db, foundInstead, json, TableName } from './table.ts'

const etagOf = (version: unknown): string => `"${version ?? 0}"`

const read = async (pk: string): Promise<APIGatewayProxyStructuredResultV2> => {
  const { Item: { version, address } = {} } = await db.send(
    new GetCommand({ TableName, Key: { pk }, ConsistentRead: true }),
  )
  return json(200, { address }, { etag: etagOf(version) })
}

const change = async (pk: string, seen: string, address: string): Promise<APIGatewayProxyStructuredResultV2> => {
  const version = Number(/^"(\d+)"$/.exec(seen)?.[1])
  if (!Number.isSafeInteger(version)) return json(400, { error: 'If-Match must be an ETag that GET answered' })
  try {
    await db.send(
      new UpdateCommand({
        TableName,
        Key: { pk },
        UpdateExpression: 'SET address = :address, version = :next',
        ConditionExpression: version === 0 ? 'attribute_not_exists(version)' : 'version = :seen',
        ExpressionAttributeValues: {
          ':address': address,
          ':next': version + 1,
          ...(version === 0 ? {} : { ':seen': version }),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
    return json(200, { address }, { etag: etagOf(version + 1) })
  } catch (error) {
    return json(412, { error: 'the profile has changed' }, { etag: etagOf(foundInstead(error).version) })
  }
}

export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const pk = `profile#${event.pathParameters?.id}`
  if (event.requestContext.http.method === 'GET') return read(pk)
  const seen = event.headers['if-match']
  if (seen === undefined) return json(428, { error: 'send If-Match' }) // RFC 6585, section 3
  return change(pk, seen, (JSON.parse(event.body ?? '{}') as { readonly address: string }).address)
}
