/** The store call that a request belongs to. */
export type Step =
  | 'claim'
  | 'takeOver'
  | 'renew'
  | 'nextGeneration'
  | 'checkpoint'
  | 'commit'
  | 'complete'
  | 'release'
  | 'abandon'
  | 'peek'

interface Request {
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S?: string } | undefined>>
}

/** Finds the call from the request's content. */
export const stepOf = (operation: string, request: object): Step => {
  const { ConditionExpression = '', UpdateExpression = '', ExpressionAttributeValues: values = {} } = request as Request
  if (operation === 'GetItem') return 'peek'
  if (operation === 'TransactWriteItems') return 'commit'
  if (operation === 'PutItem') return ConditionExpression.startsWith('attribute_not_exists') ? 'claim' : 'takeOver'
  const status = values[':status']?.S
  if (status !== undefined) return status === 'RELEASED' ? 'release' : 'complete'
  if (values[':seenGeneration'] !== undefined) return 'nextGeneration'
  if (values[':leaseExpiresAt'] !== undefined) return 'renew'
  return UpdateExpression.includes('REMOVE') ? 'abandon' : 'checkpoint'
}
