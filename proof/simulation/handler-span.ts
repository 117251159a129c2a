import { hostNow, type Invocation } from './invocation.ts'
import type { World } from './world.ts'

/** How long a handler takes: mostly short, sometimes about as long as the lease, sometimes much longer. */
export const drawSpan = (world: World, invocation: Invocation): number => {
  const { isCalm, random, profile } = world
  if (isCalm || random.chance(0.7)) return random.between(1, 80)
  if (profile.rerunWithinSeconds !== undefined && random.chance(0.3)) return random.between(1_000, 70_000)
  if (random.chance(0.4)) return random.between(300, 4_000)
  if (random.chance(0.1)) return random.between(100_000, 400_000)
  const left = (invocation.won?.leaseExpiresAt ?? 0) - hostNow(world, invocation)
  return Math.max(1, left + random.between(-2_500, 6_000))
}

/** How long a step or a pause between two steps takes. Some take seconds: late requests of the run arrive meanwhile. */
export const drawStepSpan = (world: World, invocation: Invocation): number => {
  const { isCalm, random } = world
  if (isCalm || random.chance(0.6)) return random.between(0, 30)
  return random.chance(0.4) ? random.between(300, 4_000) : drawSpan(world, invocation)
}
