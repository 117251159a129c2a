import type { Answer, HttpEvent } from '../workload/http.ts'
import type { OrderEvent } from '../workload/orders.ts'

/** Where a subject finds its table. */
export interface Place {
  readonly endpoint: string
  readonly tableName: string
}

/** One way to protect the same two handlers against duplicates. */
export interface Subject {
  invoke(event: HttpEvent): Promise<Answer>
  /** Like `invoke`, with a cache of outcomes in the process; absent if the subject has none. */
  readonly invokeCached?: (event: HttpEvent) => Promise<Answer>
  batch(event: OrderEvent): Promise<unknown>
}

export type OpenSubject = (place: Place) => Subject

export const REGION = 'us-east-1'

/** DynamoDB Local accepts any credentials. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const

/** How many messages of a batch run at once, for every subject. */
export const CONCURRENCY = 10
