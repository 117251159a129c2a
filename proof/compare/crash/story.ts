import { randomUUID } from 'node:crypto'
import { type RunningProvider, startProvider } from '../../../local/provider/start-provider.ts'
import { payment } from '../../../test/support/http-events.ts'
import { type Answer, answer, isRefused, shown, sleep } from '../answer.ts'
import { boundedClient, type Invoke } from '../subject.ts'
import { created, type Form, type Place, type Task } from './form.ts'
import { formsOf } from './forms.ts'
import { kill } from './kill.ts'
import type { Order } from './order.ts'
import { chargesOf, type Rows, rowsOf, type Shop } from './shop.ts'

/** One layer, with its table and a table for rows. */
export interface CrashSite {
  readonly subject: string
  readonly endpoint: string
  readonly tableName: string
  readonly rowsTable: string
}

/** Remaining time of the killed invocation. Its claim lasts as long, and at most 3 s longer. */
const REMAINING = 3_000
const RETRY_FOR = 20_000
const PAUSE = 500

const REMEMBER_SECONDS = { yes: 86_400, no: 0.001 }

/** Plays the task in each form of the layer. Returns what went wrong, or `undefined` if each form holds. */
export const playKilled = async (site: CrashSite, task: Task): Promise<string | undefined> => {
  const forms = formsOf(site.subject, task)
  const stories: Story[] = []
  try {
    // One at a time: a busy machine must not end a handler before it is killed. The waits for the leases overlap.
    for (const form of forms) for (const place of form.places) stories.push(await beginStory(site, task, form, place))
    const faults = await Promise.all(stories.map(endStory))
    if (faults.every((fault) => fault === undefined)) return undefined
    const faultOf = (form: Form) => faults.find((fault, at) => fault !== undefined && stories[at]?.form === form)
    return forms.map((form) => `${form.name}: ${faultOf(form) ?? 'holds'}`).join('; ')
  } finally {
    await Promise.all(stories.map(({ provider }) => provider.stop()))
  }
}

/** A process has been killed, and nothing has followed yet. */
interface Story {
  readonly task: Task
  readonly form: Form
  readonly shop: Shop
  readonly key: string
  readonly provider: RunningProvider
  /** The rows that the process has left. */
  readonly atOnce: Rows
}

const beginStory = async (site: CrashSite, task: Task, form: Form, place: Place): Promise<Story> => {
  const key = randomUUID()
  const provider = await startProvider({ rememberSeconds: REMEMBER_SECONDS[form.isRemembered ? 'yes' : 'no'] })
  const shop: Shop = { ...site, providerUrl: provider.url }
  const order: Order = { subject: site.subject, task, form: form.name, shop, key, remainingMillis: REMAINING }
  await kill(order, place)
  return { task, form, shop, key, provider, atOnce: await rowsOf(boundedClient(shop.endpoint), shop, key) }
}

const endStory = async ({ task, form, shop, key, atOnce }: Story): Promise<string | undefined> => {
  const client = boundedClient(shop.endpoint)
  const retried = await retry(form.wrap(shop, client), key)
  if (task === 'charge') return faultOfCharges(await chargesOf(shop, key), retried)
  return faultOfRows(atOnce, await rowsOf(client, shop, key), retried)
}

/** Like a client that repeats its request until it is served. */
const retry = async (invoke: Invoke, key: string): Promise<Answer> => {
  for (const end = Date.now() + RETRY_FOR; ; await sleep(PAUSE)) {
    const result = await answer(invoke(payment(key)))
    if (!isRefused(result) || Date.now() >= end) return result
  }
}

const faultOfCharges = (charges: readonly { readonly id: string }[], retried: Answer): string | undefined => {
  const [only, ...others] = charges.map(({ id }) => id)
  if (only === undefined || others.length > 0) return `${charges.length} charges`
  return faultOfAnswer(only, retried)
}

const faultOfRows = (atOnce: Rows, { orders, taken }: Rows, retried: Answer): string | undefined => {
  const half = atOnce.orders.length === atOnce.taken ? '' : 'an order without its stock, then '
  const [only] = orders
  if (half !== '' || only === undefined || orders.length > 1 || taken !== 1)
    return `${half}${orders.length} orders and ${taken} taken`
  return faultOfAnswer(only, retried)
}

const faultOfAnswer = (id: string, retried: Answer): string | undefined =>
  isRefused(retried) || shown(retried) !== shown(created(id)) ? `the retry gets ${shown(retried)}` : undefined
