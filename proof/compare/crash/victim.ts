/** A process that handles one request. It is killed from outside. */
import { payment } from '../../../test/support/http-events.ts'
import { boundedClient } from '../subject.ts'
import { formsOf } from './forms.ts'
import type { Order } from './order.ts'

const { subject, task, form, shop, key, remainingMillis } = JSON.parse(process.argv[2] ?? '{}') as Order
const chosen = formsOf(subject, task).find(({ name }) => name === form)
if (chosen === undefined) throw new Error(`${subject} has no form "${form}" of ${task}`)
await chosen.wrap(shop, boundedClient(shop.endpoint))(payment(key), remainingMillis)
