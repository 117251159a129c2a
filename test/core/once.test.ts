import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Runtime, systemRuntime } from '../../lib/core/runtime.ts'
import { type Millis, millis } from '../../lib/core/time.ts'
import {
  CHANNEL,
  type HandlerClaim,
  IdempotencyError,
  NotDoneError,
  type OnceOptions,
  type OnceRequest,
  once,
  TerminalError,
} from '../../lib/index.ts'
import { type MemoryStore, memoryStore } from '../../lib/memory/index.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'
import { gate, recordingRuntime } from '../support/http-harness.ts'

const request = { key: 'k' as string | number, tenant: 'm', payload: { amount: 1 } }

const subject = (over: Partial<OnceOptions> = {}): { pay: ReturnType<typeof once>; store: MemoryStore } => {
  const store = memoryStore()
  return { store, pay: once({ store, operation: 'payments', ...over }) }
}

describe('once', () => {
  test('it runs once, and every later call gets the same value', async () => {
    const { pay } = subject()
    let runs = 0
    const run = (): { run: number } => ({ run: ++runs })
    expect(await pay(request, run)).toEqual({ value: { run: 1 }, status: 'created' })
    expect(await pay(request, run)).toEqual({ value: { run: 1 }, status: 'replayed' })
    expect(runs).toBe(1)
  })

  test.each([[undefined], [null], [0], [''], [false], [[]]])(
    'C1: %p is returned and replayed as it is',
    async (value) => {
      const { pay } = subject()
      expect(await pay(request, () => value)).toEqual({ value, status: 'created' })
      expect(await pay(request, () => 'never')).toEqual({ value, status: 'replayed' })
    },
  )

  test('C2: what JSON changes is changed in the first answer too', async () => {
    const { pay } = subject()
    const value = { at: new Date(0), none: undefined, list: [undefined], not: Number.NaN, big: 2 ** 60 }
    const kept = { at: '1970-01-01T00:00:00.000Z', list: [null], not: null, big: 2 ** 60 }
    expect((await pay(request, () => value)).value).toEqual(kept)
    expect((await pay(request, () => value)).value).toEqual(kept)
  })

  test('C2: a value that JSON cannot represent is returned once, and a retry never runs', async () => {
    const { pay } = subject()
    const value = { amount: 1n }
    expect((await pay(request, () => value)).value).toBe(value)
    await expect(pay(request, () => value)).rejects.toMatchObject({ code: 'replay-unavailable', retryable: false })
  })

  test.each([[Buffer.from([1, 2])], [new Uint8Array([1, 2])]])(
    'C2: bytes are replayed as the same bytes',
    async (bytes) => {
      const { pay } = subject()
      const first = (await pay(request, () => bytes)).value
      const again = (await pay(request, () => Buffer.alloc(0))).value
      expect(JSON.stringify(again)).toBe(JSON.stringify(first))
      expect(again).toEqual(Buffer.from([1, 2]))
    },
  )

  test('a missing function is refused before anything is claimed', async () => {
    const { pay, store } = subject()
    store.claim = () => {
      throw new Error('the store was called')
    }
    await expect(pay(request, undefined as never)).rejects.toThrow('run must be a function')
  })

  test('E11: a store that never answers and ignores its signal is a 503 in time', async () => {
    const runtime = {
      ...systemRuntime,
      withDeadline: (_: Millis, run: never) => systemRuntime.withDeadline(millis(20), run),
    }
    const { pay, store } = subject({ runtime: runtime as Runtime })
    const never = (): Promise<never> => new Promise(() => {})
    Object.assign(store, { claim: never, settle: never })
    await expect(pay(request, () => 1)).rejects.toMatchObject({ code: 'idempotency-unavailable' })
  })

  test('E11: a claim takes no longer than the invocation has left', async () => {
    const { runtime, spans } = recordingRuntime()
    const { pay } = subject({ runtime })
    await pay({ ...request, context: { getRemainingTimeInMillis: () => 1_000 } }, () => 1)
    await pay({ ...request, key: 'k2', context: { getRemainingTimeInMillis: () => 60_000 } }, () => 1)
    expect(spans[0]).toBeLessThanOrEqual(700)
    expect(spans[2]).toBe(2_000)
  })

  test('another payload is key-reused', async () => {
    const { pay } = subject()
    await pay(request, () => 1)
    await expect(pay({ ...request, payload: { amount: 2 } }, () => 2)).rejects.toMatchObject({
      name: 'IdempotencyError',
      code: 'key-reused',
      retryable: false,
    })
  })

  test('a call whose key is in progress gets a retry time', async () => {
    const { pay } = subject()
    const context = { getRemainingTimeInMillis: () => 5_000 }
    await pay({ ...request, context }, async () => {
      const error = await pay({ ...request, context }, () => 2).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(IdempotencyError)
      expect(error).toMatchObject({ code: 'in-progress', retryable: true, retryAfterSeconds: 9 })
    })
  })

  describe('with inProgress: { waitSeconds }', () => {
    /** A call that runs until it is opened, and a second one that meets it. */
    const slow = async (over: Partial<OnceRequest> = {}, first: () => unknown = () => 'first') => {
      const { pay } = subject({ inProgress: { waitSeconds: 25 } })
      const [started, opened] = [gate(), gate()]
      const running = pay(request, async () => {
        started.open()
        await opened.opened
        return first()
      })
      await started.opened
      let runs = 0
      const waiting = pay({ ...request, ...over }, () => `run ${++runs}`)
      return { running, waiting, open: opened.open, runs: () => runs }
    }

    test('E5: the second call gets the value of the first', async () => {
      const { running, waiting, open, runs } = await slow()
      open()
      expect(await running).toEqual({ value: 'first', status: 'created' })
      expect(await waiting).toEqual({ value: 'first', status: 'replayed' })
      expect(runs()).toBe(0)
    })

    test('E5: if the first call releases the key, the second one runs', async () => {
      const { running, waiting, open } = await slow({}, () => {
        throw new NotDoneError('sold out')
      })
      open()
      await expect(running).rejects.toThrow('sold out')
      expect(await waiting).toEqual({ value: 'run 1', status: 'created' })
    })

    test('E5: it waits no longer than its context has time', async () => {
      const { running, waiting, open } = await slow({ context: { getRemainingTimeInMillis: () => 1_400 } })
      await expect(waiting).rejects.toMatchObject({ code: 'in-progress' })
      open()
      await running
    })

    test('an abort ends the wait, and nothing runs', async () => {
      const controller = new AbortController()
      const { running, waiting, open, runs } = await slow({ signal: controller.signal })
      controller.abort(new Error('enough'))
      await expect(waiting).rejects.toThrow('enough')
      open()
      await running
      expect(runs()).toBe(0)
    })
  })

  test('C4: an error is thrown unchanged, and a TerminalError is replayed to each retry', async () => {
    const { pay } = subject()
    const plain = new Error('x')
    const terminal = new TerminalError('no such card', { details: { code: 7 } })
    await expect(pay(request, () => Promise.reject(plain))).rejects.toBe(plain)
    await expect(pay(request, () => Promise.reject(new NotDoneError('not yet')))).rejects.toThrow('not yet')
    await expect(pay(request, () => Promise.reject(terminal))).rejects.toBe(terminal)
    await expect(pay(request, () => 1)).rejects.toMatchObject({
      name: 'TerminalError',
      message: 'no such card',
      details: { code: 7 },
    })
  })

  test.each<[string, Partial<typeof request>, string]>([
    ['an empty key', { key: '' }, 'key-invalid'],
    ['a key that is a fraction', { key: 0.5 }, 'key-invalid'],
    ['a key beyond the safe integers', { key: 2 ** 64 }, 'key-invalid'],
    ['an empty tenant', { tenant: '' }, 'scope-missing'],
    ['no tenant', { tenant: undefined as never }, 'scope-missing'],
    ['no payload', { payload: undefined as never }, 'payload-invalid'],
    ['a Map as payload', { payload: new Map() as never }, 'payload-invalid'],
  ])('D1: %s is refused before anything is written', async (_, wrong, code) => {
    const { pay, store } = subject()
    store.claim = () => {
      throw new Error('the store was called')
    }
    await expect(pay({ ...request, ...wrong }, () => 1)).rejects.toMatchObject({ code })
  })

  test('a key that is a number counts as its decimal text', async () => {
    const { pay } = subject()
    await expect(pay({ ...request, key: 42 }, () => 1)).resolves.toEqual({ value: 1, status: 'created' })
    await expect(pay({ ...request, key: '42' }, () => 2)).resolves.toEqual({ value: 1, status: 'replayed' })
    await expect(pay({ ...request, key: 43 }, () => 3)).resolves.toEqual({ value: 3, status: 'created' })
    await expect(pay({ ...request, key: 2 ** 53 }, () => 4)).rejects.toThrow(
      'The idempotency key is a number that is not a safe integer; make it a string',
    )
  })

  test('a request that is not an object is refused by name', async () => {
    const { pay } = subject()
    await expect(pay(undefined as never, () => 1)).rejects.toThrow('request must be an object')
  })

  test('a call that has aborted claims nothing, and an abort during the run reaches the handler', async () => {
    const { pay } = subject()
    await expect(pay({ ...request, signal: AbortSignal.abort(new Error('gone')) }, () => 1)).rejects.toThrow('gone')
    const controller = new AbortController()
    await pay({ ...request, signal: controller.signal }, (claim) => {
      controller.abort(new Error('enough'))
      expect(claim?.signal).toMatchObject({ aborted: true, reason: { message: 'enough' } })
    })
  })

  test('a signal that many calls share keeps no listeners of them', async () => {
    const { pay } = subject()
    const { signal } = new AbortController()
    const listening: string[] = []
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listening.push(args[0])
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listening.pop()
      removeEventListener.apply(signal, args)
    }
    const run = (): number => {
      expect(listening).toEqual(['abort'])
      return 1
    }
    await pay({ ...request, signal }, run)
    await expect(pay({ ...request, key: 'other', signal }, () => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(listening).toEqual([])
  })

  test('events reach the diagnostics channel', async () => {
    const seen: unknown[] = []
    const listen = (event: unknown): void => void seen.push(event)
    subscribe(CHANNEL, listen)
    const { pay } = subject()
    await pay(request, () => 1)
    unsubscribe(CHANNEL, listen)
    await pay(request, () => 1)
    expect(seen).toMatchObject([{ type: 'claimed', operation: 'payments', attempt: 1 }, { type: 'completed' }])
  })
})

describe('C12: downstream keys', () => {
  const keyOf = async (
    pay: ReturnType<typeof once>,
    over: Partial<typeof request>,
    run: (claim: HandlerClaim | undefined) => void = () => {},
  ) => {
    let key: string | undefined
    await pay({ ...request, ...over }, (claim) => {
      key = claim?.downstreamKey('charge')
      run(claim)
    }).catch(() => {})
    return key
  }
  const crash = (): never => {
    throw new Error('crash')
  }
  const notDone = (): never => {
    throw new NotDoneError('declined')
  }

  test('C12: they stay the same over take-overs of an abandoned record, in every process', async () => {
    const { pay, store } = subject()
    const first = await keyOf(pay, {}, crash)
    const again = once({ store, operation: 'payments', runtime: fakeRuntime({ name: 'another process' }) })
    expect(await keyOf(again, {}, crash)).toBe(first)
    expect(await keyOf(pay, {})).toBe(first)
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('C12: after a release they are new', async () => {
    const { pay } = subject()
    const first = await keyOf(pay, {}, notDone)
    expect(await keyOf(pay, {})).not.toBe(first)
  })

  test('C12: they differ by name, key, tenant and operation', async () => {
    const { pay, store } = subject()
    const other = once({ store, operation: 'refunds' })
    let second: string | undefined
    const keys = [
      await keyOf(pay, {}, (claim) => {
        second = claim?.downstreamKey('ship')
      }),
      second,
      await keyOf(pay, { key: 'k2' }),
      await keyOf(pay, { tenant: 'm2' }),
      await keyOf(other, {}),
    ]
    expect(new Set(keys).size).toBe(5)
    expect(keys).not.toContain(undefined)
  })

  test('a downstream key needs a name', async () => {
    const { pay } = subject()
    for (const name of ['', 'half a pair: \ud83d'])
      await expect(pay(request, (claim) => claim?.downstreamKey(name))).rejects.toThrow(
        'a non-empty string of well-formed',
      )
  })

  test('D6: golden vector', async () => {
    const { pay } = subject()
    expect(await keyOf(pay, {})).toBe('9a4cf042-b18d-8311-9d07-3bfcdf06b91c')
  })
})

describe('A10: attempt and generation', () => {
  test('A10: each claim adds an attempt, a release begins a generation, and an expired record begins both anew', async () => {
    const runtime = fakeRuntime()
    const store = memoryStore({ now: runtime.now })
    const seen: unknown[] = []
    const pay = once({
      store,
      operation: 'payments',
      runtime,
      retentionSeconds: 1_501,
      observe: (event) => {
        if (event.type === 'claimed' || event.type === 'tookOver') seen.push([event.attempt, event.generation])
      },
    })
    const fail = (error: Error) => pay(request, () => Promise.reject(error)).catch(() => {})
    await fail(new Error('crash'))
    await fail(new Error('crash'))
    await fail(new NotDoneError('in doubt, so abandoned')) // C10
    await pay(request, () => 1)
    runtime.clock.advance(1_502_000)
    await fail(new NotDoneError('released'))
    await fail(new Error('crash'))
    await pay(request, () => 1)
    runtime.clock.advance(1_502_000)
    store.sweep()
    await pay(request, () => 1)
    expect(seen).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [1, 1],
      [2, 2],
      [3, 2],
      [1, 1],
    ])
  })
})

test('A9: every claim has a new token, never the request id', async () => {
  const runtime = fakeRuntime({ name: 't' })
  const store = memoryStore({ now: runtime.now })
  const pay = once({ store, operation: 'payments', runtime })
  await pay(request, () => Promise.reject(new Error('x'))).catch(() => {})
  await pay(request, () => 1)
  await pay({ ...request, key: 'k2' }, () => 1)
  expect(new Set(runtime.tokens).size).toBe(runtime.tokens.length)
  expect(runtime.tokens.length).toBeGreaterThanOrEqual(3)
})
