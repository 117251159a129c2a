import type { Claim } from '../../../lib/core/record/claim.ts'
import type { Store } from '../../../lib/core/record/store.ts'
import { itemStore } from '../../../lib/dynamodb/item-store.ts'
import { type LeanClientSettings, leanItemClient } from '../../../lib/dynamodb/lean/lean-client.ts'
import { type Invocation, later } from '../invocation.ts'
import type { ItemTable } from '../table/item-table.ts'
import { SKEW_SECONDS, TABLE_NAME } from '../table/table-store.ts'
import { virtualRuntime } from '../virtual-runtime.ts'
import type { World } from '../world.ts'
import { deafness } from './fate.ts'
import { type Call, type CallKind, callName, simulatedTransport } from './simulated-transport.ts'

const CREDENTIALS = { accessKeyId: 'simulated', secretAccessKey: 'simulated' } as const

const ENDPOINT: LeanClientSettings['endpoint'] = {
  region: 'us-east-1',
  host: 'dynamodb.simulated',
  target: { protocol: 'http:', hostname: 'dynamodb.simulated', port: '80', path: '/' },
}

/**
 * How one invocation reaches the simulated table: through the production client without the SDK, over a network with
 * faults. The attempts, pauses and error handling of the client are part of the test.
 */
export const leanNetworkStore = (world: World, invocation: Invocation, table: ItemTable): Store => {
  const runtime = virtualRuntime(world, invocation)
  const calls = new Map<string, Call>()
  const client = leanItemClient({
    endpoint: ENDPOINT,
    credentials: () => credentials(world, invocation),
    runtime,
    transport: simulatedTransport(world, invocation, table, calls),
  })
  const store = itemStore({ tableName: TABLE_NAME, client, skewSeconds: SKEW_SECONDS, runtime })

  const calling = async <T>(of: CallKind, claim: Claim, ask: () => Promise<T>): Promise<T> => {
    const call: Call = { claim, isOver: false }
    calls.set(callName(of, claim.claimToken), call)
    try {
      return await ask()
    } finally {
      call.isOver = true
    }
  }

  return {
    ...store,
    claim: (claim, signal) => calling('claim', claim, () => store.claim(claim, signal)),
    takeOver: (seen, claim, signal) => calling('claim', claim, () => store.takeOver(seen, claim, signal)),
    renew: (claim, renewal, signal) => calling('renew', claim, () => store.renew(claim, renewal, signal)),
    nextGeneration: (claim, next, signal) =>
      calling('nextGeneration', claim, () => store.nextGeneration(claim, next, signal)),
    checkpoint: (claim, checkpoint, signal) =>
      calling('checkpoint', claim, () => store.checkpoint(claim, checkpoint, signal)),
    commit: (claim, commit, signal) => calling('commit', claim, () => store.commit(claim, commit, signal)),
    settle: (claim, settlement, signal) => calling('settle', claim, () => store.settle(claim, settlement, signal)),
  }
}

const credentials = (world: World, invocation: Invocation): typeof CREDENTIALS | Promise<typeof CREDENTIALS> => {
  const deaf = deafness(world)
  if (deaf === undefined) return CREDENTIALS
  return new Promise((resolve) => {
    later(world, invocation, deaf, () => resolve(CREDENTIALS))
  })
}
