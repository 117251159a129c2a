import { setTimeout as sleep } from 'node:timers/promises'
import { call, codeOf, newKey, newMerchant, pay, payment, paymentsOf, standing } from '../call.ts'
import { note } from '../notes.ts'

/** The lease is the timeout of 2 s plus 1 s, the skew is 2 s, and `Retry-After` rounds up by up to 2 s. */
const LONGEST_RETRY_AFTER = 2 + 1 + 2 + 2

test('E1, E2, A2: the first answer is stored, and a retry gets it byte for byte from another request', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const first = await pay(merchantId, key)
  expect([first.status, standing(first)]).toEqual([201, 'created'])
  expect(first.headers.location).toMatch(/^\/payments\/pay_/)
  expect(first.headers['idempotent-replayed']).toBeUndefined()

  const retry = await pay(merchantId, key)
  expect([retry.status, standing(retry), retry.headers['idempotent-replayed']]).toEqual([201, 'replayed', 'true'])
  expect(retry.text).toBe(first.text)
  expect(retry.headers.location).toBe(first.headers.location)
  expect(retry.headers['set-cookie']).toBeUndefined()
  expect(await paymentsOf(merchantId)).toHaveLength(1)
  note('replayed', { merchantId, key, text: first.text })
})

test('A3: of simultaneous calls, each in its own worker, one runs', async () => {
  for (let round = 0; round < 5; round++) {
    const [merchantId, key] = [newMerchant(), newKey()]
    const answers = await Promise.all(Array.from({ length: 10 }, () => pay(merchantId, key)))
    expect(answers.filter((answer) => standing(answer) === 'created')).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect([answer.status, codeOf(answer)]).toEqual([409, 'in-progress'])
    }
    const texts = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text))
    expect(texts.size).toBe(1)
    expect(await paymentsOf(merchantId)).toHaveLength(1)
  }
})

test('E3: another body under the same key is refused, and the first body still replays', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const first = await pay(merchantId, key)
  const other = await pay(merchantId, key, payment('tok_ok', 2_000))
  expect([other.status, codeOf(other), standing(other)]).toEqual([422, 'key-reused', undefined])
  expect((await pay(merchantId, key)).text).toBe(first.text)
})

test('E3, E4, C8: while a payment runs its key is in progress; the function runs into its timeout', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const slow = pay(merchantId, key, payment('tok_slow'))
  await sleep(1_000)
  const [same, other] = await Promise.all([pay(merchantId, key, payment('tok_slow')), pay(merchantId, key, payment())])
  expect([same.status, codeOf(same)]).toEqual([409, 'in-progress'])
  expect(Number(same.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect(Number(same.headers['retry-after'])).toBeLessThanOrEqual(LONGEST_RETRY_AFTER)
  expect([other.status, codeOf(other)]).toEqual([422, 'key-reused'])

  expect((await slow).status).toBeGreaterThanOrEqual(500)
  const retry = await pay(merchantId, key, payment('tok_slow'))
  expect([retry.status, codeOf(retry)]).toEqual([409, 'in-progress'])
  expect(await paymentsOf(merchantId)).toHaveLength(0)
  note('timedOut', { merchantId, key })
})

test('C8, C12: if a process dies after its effect, the retry causes no second effect', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const crashed = await pay(merchantId, key, payment('tok_crash'))
  expect(crashed.status).toBeGreaterThanOrEqual(500)
  const [made] = await paymentsOf(merchantId)

  const tooEarly = await pay(merchantId, key, payment('tok_crash'))
  expect([tooEarly.status, codeOf(tooEarly)]).toEqual([409, 'in-progress'])
  await sleep(Number(tooEarly.headers['retry-after']) * 1_000)
  const retry = await pay(merchantId, key, payment('tok_crash'))
  expect([retry.status, standing(retry)]).toEqual([201, 'created'])
  expect(JSON.parse(retry.text).id).toBe(made?.id)
  expect(await paymentsOf(merchantId)).toHaveLength(1)
})

test('C4: a throw abandons: the same payload runs again at once, another is refused', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const threw = await pay(merchantId, key, payment('tok_error'))
  expect(threw.status).toBeGreaterThanOrEqual(500)
  const other = await pay(merchantId, key, payment('tok_ok'))
  expect([other.status, codeOf(other)]).toEqual([422, 'key-reused'])
  expect((await pay(merchantId, key, payment('tok_error'))).status).toBeGreaterThanOrEqual(500)
})

test('D3: another tenant with the same key gets its own payment', async () => {
  const [a, b, key] = [newMerchant(), newMerchant(), newKey()]
  const answers = [await pay(a, key), await pay(b, key)]
  expect(answers.map(standing)).toEqual(['created', 'created'])
  expect(answers[0]?.text).not.toBe(answers[1]?.text)
})

test('D3: the same key at another route is another key', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const { id } = JSON.parse((await pay(merchantId, key)).text)
  const refunded = await call({ method: 'POST', path: `/payments/${id}/refunds`, merchantId, key, body: { amount: 1 } })
  expect([refunded.status, standing(refunded)]).toEqual([201, 'created'])
})

test('E5: simultaneous refunds wait for the first one, and all get its answer', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const { id } = JSON.parse((await pay(merchantId, newKey())).text)
  const refund = { method: 'POST', path: `/payments/${id}/refunds`, merchantId, key, body: { amount: 400 } } as const
  const answers = await Promise.all(Array.from({ length: 5 }, () => call(refund)))
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
  expect(answers.map(standing).sort()).toEqual(['created', 'replayed', 'replayed', 'replayed', 'replayed'])
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(JSON.parse((await call({ path: `/payments/${id}`, merchantId })).text).status).toBe('partially_refunded')
})

test('E6: a payment without a key is refused, and none is made', async () => {
  const merchantId = newMerchant()
  const answer = await call({ method: 'POST', path: '/payments', merchantId, body: payment() })
  expect([answer.status, codeOf(answer)]).toEqual([400, 'key-missing'])
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(await paymentsOf(merchantId)).toEqual([])
})

test('E7, E8: the header has any case, quoted and raw are one key, and two lines are refused', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  const send = (value: string | readonly string[], keyHeader?: string) =>
    call({
      method: 'POST',
      path: '/payments',
      merchantId,
      key: value,
      body: payment(),
      ...(keyHeader === undefined ? {} : { keyHeader }),
    })
  expect(standing(await send(key, 'IDEMPOTENCY-KEY'))).toBe('created')
  expect(standing(await send(`"${key}"`, 'idempotency-key'))).toBe('replayed')
  const twice = await send([key, newKey()])
  expect([twice.status, codeOf(twice)]).toEqual([400, 'key-invalid'])
})

test('E9: a 4xx releases the key for a corrected body; a 5xx keeps it for the same body', async () => {
  const [merchantId, released, abandoned] = [newMerchant(), newKey(), newKey()]
  const declined = await pay(merchantId, released, payment('tok_declined'))
  expect([declined.status, standing(declined)]).toEqual([402, 'released'])
  const mended = await pay(merchantId, released, payment())
  expect([mended.status, standing(mended)]).toEqual([201, 'created'])

  const down = await pay(merchantId, abandoned, payment('tok_unavailable'))
  expect([down.status, standing(down)]).toEqual([503, 'abandoned'])
  expect((await pay(merchantId, abandoned, payment('tok_unavailable'))).status).toBe(503)
  expect(codeOf(await pay(merchantId, abandoned, payment()))).toBe('key-reused')
})

test('E10: a GET passes unchanged, even with a key', async () => {
  const merchantId = newMerchant()
  const answer = await call({ path: '/payments', merchantId, key: newKey() })
  expect([answer.status, standing(answer)]).toEqual([200, undefined])
})

test('the gateway refuses a request without a merchant', async () => {
  const answer = await call({ method: 'POST', path: '/payments', key: newKey(), body: payment() })
  expect([answer.status, standing(answer)]).toEqual([401, undefined])
})

test('B2: a client that waits for Retry-After is not refused again', async () => {
  const [merchantId, key] = [newMerchant(), newKey()]
  await pay(merchantId, key, payment('tok_slow'))
  const refused = await pay(merchantId, key, payment('tok_slow'))
  await sleep(Number(refused.headers['retry-after']) * 1_000)
  const again = await pay(merchantId, key, payment('tok_slow'))
  expect(again.status).toBeGreaterThanOrEqual(500) // it ran, and into its timeout again
})
