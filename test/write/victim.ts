/** A process that makes one one-shot write, and kills itself at the given point. */
import { type ProbePoint, type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'
import { dynamoDbStore } from '../../lib/dynamodb/index.ts'
import { onceWrite } from '../../lib/write/index.ts'
import { testClient } from '../support/dynamodb.ts'
import { shopAt } from '../support/shop.ts'
import { type Order, planOf, said } from './writing.ts'

export interface VictimSettings {
  readonly endpoint: string
  readonly tableName: string
  readonly shopTable: string
  readonly key: string
  readonly order: Order
  readonly point?: ProbePoint
}

/** A busy machine is slow, and these tests measure no time. */
const PATIENCE = millis(20_000)

/** Makes the write, and says what its caller gets. */
export const writeAs = ({ endpoint, tableName, shopTable, key, order, point }: VictimSettings): Promise<string> => {
  const runtime: Runtime = {
    ...systemRuntime,
    withDeadline: (_, run) => systemRuntime.withDeadline(PATIENCE, run),
    probe: (here) => {
      if (here === point) process.kill(process.pid, 'SIGKILL')
    },
  }
  const store = dynamoDbStore({ tableName, client: testClient({ endpoint }), skewSeconds: 0 })
  const write = onceWrite({ store, operation: 'kills', runtime })
  const shop = shopAt(shopTable)
  const context = { getRemainingTimeInMillis: () => 60_000 }
  return said(write({ key, tenant: 't', payload: 1, context }, () => planOf(shop, order)))
}

const given = process.argv[2]
if (given?.startsWith('{')) {
  await writeAs(JSON.parse(given) as VictimSettings)
  process.exit(0)
}
