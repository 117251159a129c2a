/** Which call of the store a request is. */
export type Step = 'claim' | 'takeOver' | 'renew' | 'complete' | 'release' | 'abandon' | 'peek'

interface Request {
  readonly ConditionExpression?: string
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly S?: string } | undefined>>
}

/** The writes are told apart by what they say, as nobody but the database sees them. */
export const stepOf = (operation: string, request: object): Step => {
  const { ConditionExpression = '', ExpressionAttributeValues: values = {} } = request as Request
  if (operation === 'GetItem') return 'peek'
  if (operation === 'PutItem') return ConditionExpression.startsWith('attribute_not_exists') ? 'claim' : 'takeOver'
  const status = values[':status']?.S
  if (status !== undefined) return status === 'RELEASED' ? 'release' : 'complete'
  return values[':leaseExpiresAt'] === undefined ? 'abandon' : 'renew'
}
