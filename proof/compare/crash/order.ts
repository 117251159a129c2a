import type { Task } from './form.ts'
import type { Shop } from './shop.ts'

/** What a process is started with that will be killed. */
export interface Order {
  /** The name of the layer. */
  readonly subject: string
  readonly task: Task
  /** The name of the form. */
  readonly form: string
  readonly shop: Shop
  readonly key: string
  readonly remainingMillis: number
}
