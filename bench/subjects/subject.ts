import type { Answer, HttpEvent } from '../workload/http.ts'
import type { OrderEvent } from '../workload/orders.ts'

/** Where a subject finds its table. */
export interface Place {
  readonly endpoint: string
  readonly tableName: string
}

/** One way to run the same two handlers; what it does about a duplicate is what is measured. */
export interface Subject {
  invoke(event: HttpEvent): Promise<Answer>
  /** As `invoke`, with settled outcomes kept in the process; absent where the subject has no such thing. */
  readonly invokeCached?: (event: HttpEvent) => Promise<Answer>
  batch(event: OrderEvent): Promise<unknown>
}

export type OpenSubject = (place: Place) => Subject

export const REGION = 'us-east-1'

/** DynamoDB Local takes any. */
export const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const

/** At most so many messages of a batch at once, for every subject. */
export const CONCURRENCY = 10
