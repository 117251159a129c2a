import { type Step, step } from '../../lib/effects/index.ts'
import { once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { hasHiddenClass, shareHiddenClass } from '../support/hidden-class.ts'

const charge = once({ store: memoryStore(), operation: 'charges' })

const twoSteps = async (key: string): Promise<readonly [Step, Step]> => {
  const given: Step[] = []
  await charge({ key, tenant: 'single-tenant', payload: {} }, async (claim) => {
    for (const name of ['charge', 'mail']) await step(claim, name, (one) => void given.push(one))
  })
  return given as [Step, Step]
}

test('steps share a hidden class: otherwise each step would stay in memory until a full garbage collection', async () => {
  const [one, other] = await twoSteps('order-1')
  expect(shareHiddenClass(one, other)).toBe(true)
  expect(hasHiddenClass(one)).toBe(true)
})

test('a copy of a step has its signal', async () => {
  const [one] = await twoSteps('order-2')
  expect({ ...one }).toEqual({ name: 'charge', downstreamKey: one.downstreamKey, signal: one.signal })
  expect(one.signal).toBeInstanceOf(AbortSignal)
})
