import type { StoredRecord } from '../../lib/core/record/record.ts'
import type { Write } from './history.ts'
import { describeRecord } from './narrative.ts'
import type { World } from './world.ts'

type Unplaced<T> = T extends Write ? Omit<T, 'order' | 'at' | 'before' | 'after' | 'leavesSteps'> : never

/** Applies one atomic step to the store, and records the change in the history. */
export const applied = <T>(world: World, cause: Unplaced<Write>, act: () => T): T => {
  const before = world.read()
  const result = act()
  const after = world.read()
  if (after === before) return result
  const leavesSteps = world.holdsSteps()
  enter(world, { order: world.order(), at: world.timeline.now, before, after, leavesSteps, ...cause } as Write)
  return result
}

const enter = (world: World, write: Write): void => {
  world.writes.push(write)
  world.replaced = { record: write.before, at: write.at }
  world.count('write', write.by === 'settle' ? write.settlement : write.by)
  if (write.by === 'takeOver') world.count('take over', standingOf(write, world))
  if ('stray' in write && write.stray) world.count('applied after its sender had ended')
  world.log?.(() => `  record is now ${describeRecord(write.after, write.at)}`)
  if (world.profile.sweeps && write.after !== undefined) planSweep(world, write.after)
}

const standingOf = ({ before: record, after }: Write, { timeline }: World): string => {
  if (record?.override?.approvedAt !== undefined && record.fingerprint !== after?.fingerprint) return 'overridden'
  if (record?.status === 'IN_PROGRESS') return record.leaseExpiresAt === undefined ? 'abandoned' : 'lapsed'
  return record?.expiresAt !== undefined && record.expiresAt <= timeline.now ? 'expired' : 'released'
}

/** TTL sweeps an expired record after a random delay. */
const planSweep = (world: World, { status, expiresAt }: StoredRecord): void => {
  const { random, timeline } = world
  if (expiresAt === undefined || !random.chance(status === 'IN_PROGRESS' ? 0.4 : 0.5)) return
  timeline.at(expiresAt + random.between(0, 4_000), () => sweep(world), true)
}

export const sweep = (world: World): void => {
  world.log?.(() => 'TTL sweeps')
  applied(world, { by: 'sweep' }, () => world.store.sweep())
}
