import {
  type ClientRuntime,
  idempotentFetch,
  KeyReusedError,
  type KeyStorage,
  operationKey,
} from '../../lib/client/index.ts'
import { functionStorage, webStorage } from '../support/key-storages.ts'
import { answer, type Fate, problem, type ScriptedServer, scriptedServer } from '../support/scripted-server.ts'

const CHECKOUT = ['checkout', 'cart-1'] as const
const ORDER = { method: 'POST', json: { amount: 1999 } } as const

describe.each([
  ['a Storage', webStorage],
  ['a function', functionStorage],
])('With %s', (_, make) => {
  let { texts, storage } = make()
  let server: ScriptedServer
  let runtime: ClientRuntime

  beforeEach(() => {
    const shared = make()
    texts = shared.texts
    storage = shared.storage
    plays(answer(201, 'created'))
  })

  const plays = (...fates: Fate[]): void => {
    server = scriptedServer(...fates)
    runtime = { ...server.options.runtime, randomKey: () => crypto.randomUUID() }
  }

  const keyOf = (parts: readonly (string | number)[] = CHECKOUT, ttlSeconds?: number) =>
    server.time.until(operationKey(storage, parts, { ttlSeconds, runtime }))

  const send = (key: Awaited<ReturnType<typeof keyOf>>, init: object = ORDER) =>
    server.time.until(idempotentFetch(server.options)('/payments', { ...init, key }))

  test('J8: the same parts have the same key until done(), in every page.', async () => {
    const first = await keyOf()
    const reloaded = await keyOf()
    expect(reloaded.key).toBe(first.key)
    await reloaded.done()
    expect(texts.size).toBe(0)
    expect((await keyOf()).key).not.toBe(first.key)
  })

  test('J8: other parts are another operation.', async () => {
    const keys = await Promise.all([['a', 'bc'], ['ab', 'c'], ['abc'], ['a', 'b', 'c']].map((parts) => keyOf(parts)))
    expect(new Set(keys.map(({ key }) => key)).size).toBe(4)
    expect((await keyOf(['refund', 7])).key).toBe((await keyOf(['refund', '7'])).key)
  })

  test('J8: the key is stored before anything is sent, and what is stored has neither body nor URL.', async () => {
    plays(() => {
      expect([...texts.values()].join()).toContain(key.key)
      return answer(201, 'created')
    })
    const key = await keyOf()
    await send(key)
    expect(server.sent[0]?.headers['idempotency-key']).toBe(`"${key.key}"`)
    expect([...texts.values()].join()).not.toMatch(/1999|payments/)
  })

  test('J8: a page that is reloaded after the first attempt goes on with the same key and body.', async () => {
    plays(new TypeError('fetch failed'), answer(201, 'replayed'))
    const key = await keyOf()
    const once = { ...server.options, attempts: 1 }
    await expect(server.time.until(idempotentFetch(once)('/payments', { ...ORDER, key }))).rejects.toThrow('1 attempts')
    const { status } = await send(await keyOf())
    expect(status).toBe('replayed')
    expect(server.sent[1]).toMatchObject({ body: server.sent[0]?.body, headers: server.sent[0]?.headers })
  })

  test.each([
    ['another body', '/payments', { method: 'POST', json: { amount: 2999 } }],
    ['another method', '/payments', { method: 'PUT', json: { amount: 1999 } }],
    ['another URL', '/refunds', ORDER],
    ['no body', '/payments', { method: 'POST' }],
  ])(
    'J10: after the first attempt, %s under the same parts is refused before anything is sent.',
    async (_, url, init) => {
      const key = await keyOf()
      await send(key)
      for (const again of [key, await keyOf()]) {
        const error = await idempotentFetch(server.options)(url, { ...init, key: again }).catch(
          (thrown: unknown) => thrown,
        )
        expect(error).toBeInstanceOf(KeyReusedError)
        expect(error).toMatchObject({ code: 'key-reused', attempts: 0, key: key.key })
      }
      expect(server.sent).toHaveLength(1)
      await send(await keyOf()) // the first body may go on
    },
  )

  test('J10: the order of the members of json does not count, and its values do.', async () => {
    const key = await keyOf()
    await send(key, { method: 'POST', json: { a: 1, b: [{ c: 2, d: 3 }, 4] } })
    await send(key, { method: 'POST', json: { b: [{ d: 3, c: 2 }, 4], a: 1 } })
    for (const json of [{ a: 1, b: [4, { c: 2, d: 3 }] }, { a: 1, b: [{ c: 2, d: '3' }, 4] }, { a: 1 }]) {
      await expect(send(key, { method: 'POST', json })).rejects.toThrow(KeyReusedError)
    }
  })

  test('J10: the boundary of a form does not count, and its content does.', async () => {
    const form = (text: string): FormData => {
      const data = new FormData()
      data.append('note', text)
      data.append('scan', new File([new Uint8Array([128, 129])], 'a.bin'))
      return data
    }
    const key = await keyOf()
    await send(key, { method: 'POST', body: form('a') })
    await send(await keyOf(), { method: 'POST', body: form('a') })
    await expect(send(key, { method: 'POST', body: form('b') })).rejects.toThrow(KeyReusedError)
    expect(server.sent).toHaveLength(2)
  })

  test('J10: after an answer that is released, another body may be sent with the same key.', async () => {
    plays(answer(400, 'released'), answer(201, 'created'))
    const key = await keyOf()
    expect((await send(key, { method: 'POST', json: { amount: 0 } })).status).toBe('released')
    expect((await send(await keyOf(), ORDER)).status).toBe('created')
    expect(server.sent[1]?.headers['idempotency-key']).toBe(server.sent[0]?.headers['idempotency-key'])
  })

  test.each([
    ['a stored 4xx', answer(402, 'created')],
    ['a 4xx in doubt', answer(400, 'abandoned')],
    ['a 4xx without a status, which may come from a gateway', answer(401)],
  ])('J10: after %s the key stays bound until done().', async (_, final) => {
    plays(final)
    const key = await keyOf()
    await send(key)
    await expect(send(key, { method: 'POST', json: { amount: 1 } })).rejects.toThrow(KeyReusedError)
    await key.done()
    await send(await keyOf(), { method: 'POST', json: { amount: 1 } })
    expect(new Set(server.sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  test('J10: a refusal of the server leaves the key as it is.', async () => {
    plays(problem(409, { code: 'outcome-unknown', retryable: false, key: 'keep' }))
    const key = await keyOf()
    await expect(send(key)).rejects.toMatchObject({ name: 'RefusedError' })
    expect((await keyOf()).key).toBe(key.key)
  })

  test('J8: a key is kept for ttlSeconds from its first send, and a day by default.', async () => {
    for (const [ttlSeconds, kept] of [
      [undefined, 86_400],
      [3_600, 3_600],
    ] as const) {
      texts.clear()
      const key = await keyOf(CHECKOUT, ttlSeconds)
      await server.time.until(server.time.sleep(60_000))
      await send(key)
      await server.time.until(server.time.sleep(kept * 1_000 - 1))
      expect((await keyOf(CHECKOUT, ttlSeconds)).key).toBe(key.key)
      await server.time.until(server.time.sleep(1))
      expect((await keyOf(CHECKOUT, ttlSeconds)).key).not.toBe(key.key)
    }
  })

  test('J8: another attempt does not make the key live longer.', async () => {
    const key = await keyOf(CHECKOUT, 60)
    await send(key)
    await server.time.until(server.time.sleep(59_000))
    await send(key)
    await server.time.until(server.time.sleep(1_000))
    expect((await keyOf(CHECKOUT, 60)).key).not.toBe(key.key)
  })

  test('J9: two pages that begin at once have one key.', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => keyOf()))
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1)
  })

  test('J9: a page whose entry another page has replaced sends the other key.', async () => {
    const mine = await keyOf()
    await mine.done()
    const theirs = await keyOf()
    await send(mine)
    expect(mine.key).toBe(theirs.key)
    expect(server.sent[0]?.headers['idempotency-key']).toBe(`"${theirs.key}"`)
  })

  test('J9: after done() in another page, a page that is still open sends the same key again: it is a replay.', async () => {
    const mine = await keyOf()
    const theirs = await keyOf()
    await send(theirs)
    await theirs.done()
    await send(mine)
    expect(new Set(server.sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  test('J9: done() leaves the key of a later operation alone.', async () => {
    const mine = await keyOf()
    await mine.done()
    const later = await keyOf()
    await mine.done()
    expect((await keyOf()).key).toBe(later.key)
  })

  test('An entry that is not of this client is an error, and stays.', async () => {
    const key = await keyOf()
    const [name = ''] = [...texts.keys()]
    expect(key.key).toBeDefined()
    texts.set(name, '{broken')
    await expect(keyOf()).rejects.toThrow()
    expect(texts.get(name)).toBe('{broken')
  })

  test.each([
    [[], 'parts must be a non-empty list'],
    ['checkout', 'parts must be a non-empty list'],
    [['checkout', ''], 'parts[1] must be non-empty text or a safe integer'],
    [['checkout', undefined], 'parts[1] must be'],
    [[null], 'parts[0] must be'],
    [[1.5], 'parts[0] must be'],
    [[2 ** 53], 'parts[0] must be'],
    [[{}], 'parts[0] must be'],
  ])('J8: the parts %j are refused.', async (parts, message) => {
    await expect(operationKey(storage, parts as never)).rejects.toThrow(message)
    expect(texts.size).toBe(0)
  })
})

test('J8: a storage that refuses to write stops the call before anything is sent.', async () => {
  const full: KeyStorage = async () => {
    throw new Error('QuotaExceededError')
  }
  await expect(operationKey(full, CHECKOUT)).rejects.toThrow('QuotaExceededError')
})

test.each([{}, null, 5])('J8: the storage %j is refused.', async (storage) => {
  await expect(operationKey(storage as never, CHECKOUT)).rejects.toThrow()
})

test.each([
  [{ ttlSeconds: 59 }, 'must be an integer from 60 to 31536000'],
  [{ ttlSeconds: 31_536_001 }, 'must be an integer from 60 to 31536000'],
  [{ ttl: 60 }, 'option "ttl" is not known; the options are ttlSeconds, runtime'],
])('J8: the option %j is refused.', async (options, message) => {
  await expect(operationKey(webStorage().storage, CHECKOUT, options as never)).rejects.toThrow(message)
})
