import { createDeadlineOf } from '../../lib/batch/deadline.ts'
import { millis } from '../../lib/core/time.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'

/** Lambda computes the remaining time from the host's clock. */
const invocation = (remaining: number) => {
  const inner = fakeRuntime()
  const { clock } = inner
  const at = { off: 0 }
  const wall = (): number => clock.now() + at.off
  const end = wall() + remaining
  const runtime = { ...inner, now: () => wall() as never, monotonic: () => clock.now() as never }
  return { at, clock, runtime, context: { getRemainingTimeInMillis: () => end - wall() } }
}

test('F6: if the host’s clock steps back, no message starts within the margin.', () => {
  const { at, clock, context, runtime } = invocation(30_000)
  const { hasTime, left } = createDeadlineOf('test', millis(10_000), runtime)(context)
  at.off = -60_000
  clock.advance(19_999)
  expect(hasTime()).toBe(true)
  clock.advance(1)
  expect(hasTime()).toBe(false)
  expect(left()).toBe(10_000)
})

test('F6: if the host’s clock steps forward, the context’s remaining time counts.', () => {
  const { at, context, runtime } = invocation(30_000)
  const { left } = createDeadlineOf('test', undefined, runtime)(context)
  at.off = 25_000
  expect(left()).toBe(5_000)
})
