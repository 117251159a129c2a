export interface OrderRecord {
  readonly messageId: string
  readonly receiptHandle: string
  readonly body: string
  readonly attributes: { readonly ApproximateReceiveCount: string }
  readonly messageAttributes: Readonly<Record<string, never>>
  readonly eventSourceARN: string
}

export interface OrderEvent {
  readonly Records: readonly OrderRecord[]
}

export interface Order {
  readonly orderId: string
  readonly quantity: number
}

/** Messages of a standard queue, each with its own order. */
export const anOrderBatch = (name: string, size: number): OrderEvent => ({
  Records: Array.from({ length: size }, (_, index) => ({
    messageId: `${name}-${index}`,
    receiptHandle: `receipt-${name}-${index}`,
    body: JSON.stringify({ orderId: `${name}-${index}`, quantity: 1 + (index % 5), sku: 'A-1' }),
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: {},
    eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:orders',
  })),
})

/** The handler that every subject protects. Like most message handlers, it returns nothing. */
export const reserve = async (order: Order): Promise<void> => {
  if (!(order.quantity > 0)) throw new TypeError('quantity')
}
