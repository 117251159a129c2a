import type { Store } from '../../../lib/core/record/store.ts'
import type { Invocation } from '../invocation.ts'
import type { World } from '../world.ts'
import { leanNetworkStore } from './lean-network-store.ts'
import { networkStore } from './network-store.ts'
import { watched } from './watched.ts'

/** How one invocation reaches the world's store. */
export const reachedStore = (world: World, invocation: Invocation): Store =>
  watched(
    world,
    invocation,
    world.table === undefined ? networkStore(world, invocation) : leanNetworkStore(world, invocation, world.table),
  )
