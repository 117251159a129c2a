import type { Fingerprint } from '../../lib/core/identity/fingerprint.ts'
import { decideApprove, decidePropose, decideWithdraw } from '../../lib/operator/acts.ts'
import { act, type Decide, operate, type Person } from './operator.ts'
import type { Overrides } from './overrides.ts'
import { PAYLOADS, type World } from './world.ts'

/** A caller with this payload comes now. */
type Come = (fingerprint: Fingerprint) => void

const REASON = 'the customer confirmed the other amount'

/**
 * A person proposes, and another person approves, or not, or withdraws, or decides the record first. Callers with any payload
 * come at any moment of it. `whenOver`: no further caller comes.
 */
export const tellOverride = (world: World, { rule, clocks }: Overrides, come: Come, whenOver: () => void): void => {
  const { random, timeline, profile } = world
  const proposer: Person = { name: 'alice', skew: clocks[0] * profile.clockSpread }
  const approver: Person = { name: 'bob', skew: clocks[1] * profile.clockSpread }
  const used = world.read()?.fingerprint
  const fingerprint = random.pick(random.chance(0.9) ? PAYLOADS.filter((payload) => payload !== used) : PAYLOADS)
  const anyPayload = (): Fingerprint => (random.chance(0.5) ? fingerprint : random.pick(PAYLOADS))

  const propose: Decide = (record, terms) =>
    decidePropose(record, { fingerprint, openSeconds: random.pick([60, 60, 300, 3_600]), reason: REASON }, terms, rule)
  const approve: Decide = (record, terms) => decideApprove(record, { reason: REASON }, terms, rule)
  const withdraw: Decide = (record) => decideWithdraw(record, { reason: REASON })

  const begin = (tries: number): void => {
    const lease = leaseIn(world)
    if (!act(world, proposer, propose) && lease !== undefined && tries > 0) {
      // As soon as the proposer's clock says that the lease is over.
      timeline.at(lease + world.store.skew - proposer.skew + random.between(1, 100), () => begin(tries - 1))
      return
    }
    if (random.chance(0.15)) come(anyPayload())
    timeline.after(between(), decide)
  }

  const decide = (): void => {
    const choice = random.next()
    if (choice < 0.08) act(world, proposer, withdraw)
    else if (choice < 0.16) operate(world, proposer)
    act(world, choice > 0.3 ? approver : proposer, approve)
    if (random.chance(0.1)) timeline.after(between(), () => act(world, proposer, withdraw))
    callers()
  }

  const callers = (): void => {
    const until = world.read()?.override?.until ?? timeline.now
    const isLate = until - timeline.now < 400_000 && random.chance(0.35)
    const start = isLate ? Math.max(timeline.now, until + random.between(-4_000, 12_000)) : timeline.now
    const comes = random.pick([1, 2, 2, 3])
    let left = comes
    for (let caller = 0; caller < comes; caller++)
      timeline.at(start + random.between(0, random.pick([5, 500, 1_500, 30_000])), () => {
        come(anyPayload())
        left--
        if (left === 0) whenOver()
      })
  }

  const between = (): number => random.between(1, random.pick([20, 20, 400, 4_000]))
  begin(1)
}

const leaseIn = (world: World): number | undefined => {
  const record = world.read()
  return record?.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined
}
