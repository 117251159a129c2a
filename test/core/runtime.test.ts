import { systemRuntime } from '../../lib/core/runtime.ts'
import { millis } from '../../lib/core/time.ts'

const NAMES = ['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_MAX_CONCURRENCY'] as const
const kept = NAMES.map((name) => [name, process.env[name]] as const)

afterEach(() => {
  for (const [name, value] of kept) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

describe('the system runtime', () => {
  test.each([
    ['on Lambda', 'f', undefined, true],
    ['on a managed instance, which runs several invocations at once', 'f', '16', false],
    ['outside Lambda', undefined, undefined, false],
  ])('B1: %s', (_, name, concurrency, enforces) => {
    delete process.env.AWS_LAMBDA_FUNCTION_NAME
    delete process.env.AWS_LAMBDA_MAX_CONCURRENCY
    if (name !== undefined) process.env.AWS_LAMBDA_FUNCTION_NAME = name
    if (concurrency !== undefined) process.env.AWS_LAMBDA_MAX_CONCURRENCY = concurrency
    expect(systemRuntime.enforcesDeadline()).toBe(enforces)
  })

  test('a deadline rejects a call that ignores its signal too', async () => {
    let signal: AbortSignal | undefined
    const call = systemRuntime.withDeadline(millis(5), (given) => {
      signal = given
      return new Promise(() => {})
    })
    await expect(call).rejects.toMatchObject({ name: 'DeadlinePassed' })
    expect(signal?.aborted).toBe(true)
  })

  test('a pause ends when its signal aborts, and at once if it has aborted', async () => {
    const controller = new AbortController()
    const paused = systemRuntime.sleep(millis(60_000), controller.signal)
    controller.abort()
    await paused
    await systemRuntime.sleep(millis(60_000), controller.signal)
  })

  test('tokens are 128 random bits', () => {
    const tokens = Array.from({ length: 100 }, () => systemRuntime.randomToken())
    expect(new Set(tokens).size).toBe(100)
    expect(tokens.every((token) => Buffer.from(token, 'base64url').length === 16)).toBe(true)
  })
})
