import { randomBytes } from 'node:crypto'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { deriveFingerprint } from '../../lib/core/identity/fingerprint.ts'
import { canonicalPayload } from '../../lib/core/identity/payload.ts'
import type { StoredRecord } from '../../lib/core/record/record.ts'
import { step } from '../../lib/effects/index.ts'
import type { IdempotencyError, IdempotencyEvent, OnceRequest } from '../../lib/index.ts'
import {
  type ActResult,
  auditOf,
  type DecideStepOptions,
  type Operator,
  type SettleOptions,
  tableOperator,
} from '../../lib/operator/index.ts'
import { testClient } from '../support/dynamodb.ts'
import { aRequest, ending, openScene, PATIENT, recordKeyOf, type Scene } from '../support/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene(PATIENT)
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

const reason = 'The provider has no charge'

const person = (by: string, observe?: (event: IdempotencyEvent) => void): Operator =>
  tableOperator({ tableName: scene.tableName, by, client: testClient(), now: scene.clock.now, observe })

const codeOf = (outcome: object): string | undefined => (outcome as { error?: IdempotencyError }).error?.code

/** A payment whose handler threw, under `hold`: it waits for a person. */
const held = async (): Promise<OnceRequest> => {
  const request = aRequest()
  await ending(scene.host('owner', { abandoned: 'hold' }).once(request, () => Promise.reject(new Error('lost'))))
  return request
}

const attempt = (request: OnceRequest, value: unknown = 'ran') =>
  ending(scene.host('retry', { abandoned: 'hold' }).once(request, () => value))

const found = async (operator: Operator, request: OnceRequest): Promise<StoredRecord> => {
  const record = await operator.find(recordKeyOf(request))
  if (record === undefined) throw new Error('There is no record')
  return record
}

const ruleOf = (result: ActResult): string | undefined => (result.kind === 'refused' ? result.rule : undefined)

describe('settle', () => {
  test('gives every retry the answer, and says who did it and why', async () => {
    const request = await held()
    expect(codeOf(await attempt(request))).toBe('outcome-unknown')
    const events: IdempotencyEvent[] = []
    const alice = person('alice', (event) => events.push(event))
    const result = await alice.settle(await found(alice, request), { answer: { value: 'paid by hand' }, reason })
    expect(result.kind).toBe('done')
    expect(await attempt(request)).toEqual({ value: { value: 'paid by hand', status: 'replayed' } })
    const record = await found(alice, request)
    expect(auditOf(record)).toEqual([
      { at: scene.clock.now(), by: 'alice', act: 'settle', reason, from: 'IN_PROGRESS' },
    ])
    expect(events).toMatchObject([{ type: 'operated', act: 'settle', by: 'alice', operation: 'payments' }])
  })

  test('awaits a value that is a promise', async () => {
    const request = await held()
    const alice = person('alice')
    const answer = { value: Promise.resolve({ id: 'ch_42' }) }
    expect((await alice.settle(await found(alice, request), { answer, reason })).kind).toBe('done')
    expect(await attempt(request)).toEqual({ value: { value: { id: 'ch_42' }, status: 'replayed' } })
  })

  test('fences the owner that is late', async () => {
    const request = aRequest()
    const alice = person('alice')
    const late = scene.host('late').once(request, async () => {
      const seen = await found(alice, request)
      expect(ruleOf(await alice.settle(seen, { answer: 'none', reason }))).toContain('its lease is live')
      const options = { answer: { value: 'by hand' }, reason, despiteLiveLease: true }
      expect((await alice.settle(seen, options)).kind).toBe('done')
      return 'the own answer'
    })
    expect(await late).toEqual({ value: 'by hand', status: 'replayed' })
  })

  test.each([
    ['a settled record', { answer: 'none' as const, reason }, 'SUCCEEDED'],
    ['a missing reason', { answer: 'none' as const, reason: ' ' }, 'the reason must be 1 to 500 characters'],
    ['a reason of a page', { answer: 'none' as const, reason: 'x'.repeat(501) }, 'the reason must be 1 to 500'],
  ])('refuses %s', async (_, options, rule) => {
    const alice = person('alice')
    const request = aRequest()
    await scene.host('owner').once(request, () => 1)
    expect(ruleOf(await alice.settle(await found(alice, request), options))).toContain(rule)
  })
})

describe('settle refuses an answer that no client should get for a day:', () => {
  test.each<[unknown, string]>([
    [undefined, 'the answer must be'],
    [{}, 'the answer must be'],
    [{ http: { statusCode: 200 }, value: 1 }, 'the answer must be'],
    [{ http: null }, 'must be an object { statusCode, headers, body }'],
    [{ http: {} }, 'statusCode is undefined'],
    [{ http: { statusCode: '200' } }, 'statusCode is "200"; it must be an integer'],
    [{ http: { statusCode: 99_999 } }, 'statusCode is 99999'],
    [{ http: { statusCode: 200, status: 1 } }, 'it may have statusCode, headers, body'],
    [{ http: { statusCode: 200, headers: { a: 5 } } }, 'headers must be'],
    [{ http: { statusCode: 200, headers: ['a'] } }, 'headers must be'],
    [{ http: { statusCode: 200, headers: { 'a b': 'c' } } }, 'headers must be'],
    [{ http: { statusCode: 200, headers: { a: 'b\r\nSet-Cookie: c' } } }, 'headers must be'],
    [{ http: { statusCode: 200, body: 5 } }, 'body must be a text'],
  ])('%p', async (answer, rule) => {
    const request = await held()
    const alice = person('alice')
    const given = { answer, reason } as SettleOptions
    expect(ruleOf(await alice.settle(await found(alice, request), given))).toContain(rule)
    expect((await found(alice, request)).status).toBe('IN_PROGRESS')
  })

  test('and a status of its own', async () => {
    const request = await held()
    const alice = person('alice')
    const given = { answer: 'none', reason, status: 'RELEASED' } as unknown as SettleOptions
    expect(ruleOf(await alice.settle(await found(alice, request), given))).toContain('status is "RELEASED"')
  })

  test('an answer that fits into an item only without the audit trail', async () => {
    const request = await held()
    const alice = person('alice')
    for (let act = 0; act < 20; act++) {
      const options = { fingerprint: `1:${act}` as StoredRecord['fingerprint'], reason: 'ü'.repeat(500) }
      expect((await alice.propose(await found(alice, request), options)).kind).toBe('done')
    }
    const value = randomBytes(388_000).toString('base64')
    const given = { answer: { value }, reason }
    expect(ruleOf(await alice.settle(await found(alice, request), given))).toContain('does not fit into an item')
  })
})

describe('a record that has moved since it was looked at', () => {
  test('is not changed, and the result has the record as it is', async () => {
    const request = await held()
    const [alice, bob] = [person('alice'), person('bob')]
    const seen = await found(alice, request)
    await bob.release(seen, { reason })
    const result = await alice.settle(seen, { answer: 'none', reason })
    expect(result).toMatchObject({ kind: 'moved', record: { status: 'RELEASED' } })
    expect((await found(alice, request)).status).toBe('RELEASED')
  })

  test('and one that is gone is not made anew', async () => {
    const request = await held()
    const alice = person('alice')
    const seen = await found(alice, request)
    await scene.sweep(recordKeyOf(request))
    expect(await alice.release(seen, { reason })).toEqual({ kind: 'moved', record: undefined })
    expect(await alice.find(recordKeyOf(request))).toBeUndefined()
  })
})

test('An act whose first send was applied is done, also if another person has written before the second one.', async () => {
  const request = aRequest()
  await scene.host('owner').once(request, () => 'paid')
  const bob = person('bob')
  const client = testClient()
  let writes = 0
  const twice = {
    send: async (command: Parameters<typeof client.send>[0]) => {
      const answer = await client.send(command)
      if (!(command instanceof UpdateItemCommand) || ++writes > 1) return answer
      await bob.extend(await found(bob, request), { reason, retentionSeconds: 20 * 86_400 })
      return client.send(command)
    },
  } as Pick<typeof client, 'send'>
  const alice = tableOperator({ tableName: scene.tableName, by: 'alice', client: twice, now: scene.clock.now })
  const result = await alice.extend(await found(alice, request), { reason, retentionSeconds: 10 * 86_400 })
  expect(result.kind).toBe('done')
  expect(auditOf(await found(bob, request)).map(({ by }) => by)).toEqual(['alice', 'bob'])
})

describe('confirm', () => {
  test('is asked before a write that is possible, and a no writes nothing', async () => {
    const request = await held()
    const asked: string[] = []
    const confirm = (act: string) => asked.push(act) > 1
    const alice = tableOperator({ tableName: scene.tableName, by: 'alice', client: testClient(), confirm })
    const seen = await found(alice, request)
    expect(ruleOf(await alice.approve(seen, { reason }))).toContain('no override is proposed')
    expect(await alice.release(seen, { reason })).toEqual({ kind: 'declined' })
    expect((await found(alice, request)).status).toBe('IN_PROGRESS')
    expect((await alice.release(seen, { reason })).kind).toBe('done')
    expect(asked).toEqual(['release', 'release'])
  })
})

describe('release', () => {
  test('lets the next request run with new downstream keys', async () => {
    const request = aRequest()
    const keys: (string | undefined)[] = []
    const run = (fails: boolean) =>
      ending(
        scene.host('owner', { abandoned: 'hold' }).once(request, (claim) => {
          keys.push(claim?.downstreamKey('charge'))
          if (fails) throw new Error('lost')
          return 'paid'
        }),
      )
    await run(true)
    const alice = person('alice')
    expect((await alice.release(await found(alice, request), { reason })).kind).toBe('done')
    expect(await run(false)).toEqual({ value: { value: 'paid', status: 'created' } })
    expect(new Set(keys).size).toBe(2)
    expect(auditOf(await found(alice, request))).toMatchObject([{ act: 'release' }])
  })

  test('of steps has to be said twice', async () => {
    const request = aRequest()
    const ran: string[] = []
    const pay = (isLost: boolean) =>
      ending(
        scene.host('owner', { abandoned: 'hold' }).once(request, async (claim) => {
          await step(claim, 'charge', () => ran.push('charge'))
          if (isLost) throw new RangeError('lost')
          return 'paid'
        }),
      )
    await pay(true)
    const alice = person('alice')
    const seen = await found(alice, request)
    expect(ruleOf(await alice.release(seen, { reason }))).toContain(
      'it has steps that are done or in doubt (charge), and a release would run them again',
    )
    expect((await alice.release(seen, { reason, forgetSteps: true })).kind).toBe('done')
    expect(await pay(false)).toMatchObject({ value: { status: 'created' } })
    expect(ran).toHaveLength(2)
  })

  test('of a success has to be said twice', async () => {
    const request = aRequest()
    await scene.host('owner').once(request, () => 'paid')
    const alice = person('alice')
    const seen = await found(alice, request)
    expect(ruleOf(await alice.release(seen, { reason }))).toContain('it succeeded')
    expect((await alice.release(seen, { reason, forgetSuccess: true })).kind).toBe('done')
    expect(await attempt(request, 'again')).toEqual({ value: { value: 'again', status: 'created' } })
  })
})

describe('decideStep', () => {
  /** An order whose mail must not be sent twice. `mail` does what its provider does. */
  const orderOf = (request: OnceRequest, ran: string[], mail: () => unknown = () => ({ id: 'm_2' })) =>
    ending(
      scene.host('shop').once(request, async (claim) => {
        const charge = await step(claim, 'charge', ({ downstreamKey }) => {
          ran.push(`charge ${downstreamKey}`)
          return { id: 'ch_1' }
        })
        const run = ({ downstreamKey }: { readonly downstreamKey: string }) => {
          ran.push(`mail ${downstreamKey}`)
          return mail()
        }
        return { charge, mail: await step(claim, 'mail', run, { inDoubt: 'stop' }) }
      }),
    )

  const lost = () => {
    throw new RangeError('connection lost')
  }

  /** Its mail was begun, and it is not known whether it was sent. */
  const inDoubt = async (ran: string[] = []): Promise<OnceRequest> => {
    const request = aRequest()
    await orderOf(request, ran, lost)
    expect(codeOf(await orderOf(request, ran))).toBe('outcome-unknown')
    return request
  }

  test('keeps the result of a step that was done: the next attempt runs neither it nor what was kept before', async () => {
    const ran: string[] = []
    const request = await inDoubt(ran)
    const alice = person('alice')
    const given: DecideStepOptions = { step: 'mail', decision: { done: { id: 'm_1' } }, reason }
    expect((await alice.decideStep(await found(alice, request), given)).kind).toBe('done')
    expect(await orderOf(request, ran)).toEqual({
      value: { value: { charge: { id: 'ch_1' }, mail: { id: 'm_1' } }, status: 'created' },
    })
    expect(ran).toHaveLength(2)
    expect(auditOf(await found(alice, request))).toMatchObject([{ act: 'keepStep', step: 'mail', by: 'alice', reason }])
  })

  test('lets a step run again, with the same downstream key, and nothing else', async () => {
    const ran: string[] = []
    const request = await inDoubt(ran)
    const alice = person('alice')
    const given: DecideStepOptions = { step: 'mail', decision: { rerun: true }, reason }
    expect((await alice.decideStep(await found(alice, request), given)).kind).toBe('done')
    expect(await orderOf(request, ran)).toMatchObject({ value: { value: { mail: { id: 'm_2' } }, status: 'created' } })
    const [charge, mail, ...again] = ran
    expect(charge).toContain('charge')
    expect(again).toEqual([mail])
  })

  test('lets the only step run again, as if it had never begun', async () => {
    const request = aRequest()
    const pay = (run: () => unknown) =>
      ending(scene.host('shop').once(request, (claim) => step(claim, 'mail', run, { inDoubt: 'stop' })))
    await pay(lost)
    const alice = person('alice')
    await alice.decideStep(await found(alice, request), { step: 'mail', decision: { rerun: true }, reason })
    expect(await found(alice, request)).toMatchObject({ steps: undefined })
    expect(await pay(() => 'sent')).toEqual({ value: { value: 'sent', status: 'created' } })
  })

  test('fences the owner that is late: its result is not kept', async () => {
    const request = aRequest()
    const alice = person('alice')
    const given: DecideStepOptions = { step: 'mail', decision: { done: { id: 'm_1' } }, reason }
    await orderOf(request, [], async () => {
      const seen = await found(alice, request)
      expect(ruleOf(await alice.decideStep(seen, given))).toContain('its lease is live')
      expect((await alice.decideStep(seen, { ...given, despiteLiveLease: true })).kind).toBe('done')
      return { id: 'late' }
    })
    scene.clock.advance(60_000)
    expect(await orderOf(request, [])).toMatchObject({ value: { value: { mail: { id: 'm_1' } } } })
  })

  test('changes nothing if the record has moved', async () => {
    const request = await inDoubt()
    const [alice, bob] = [person('alice'), person('bob')]
    const seen = await found(alice, request)
    const given: DecideStepOptions = { step: 'mail', decision: { rerun: true }, reason }
    expect((await bob.decideStep(seen, given)).kind).toBe('done')
    expect((await alice.decideStep(seen, { ...given, decision: { done: 1 } })).kind).toBe('moved')
    expect(auditOf(await found(alice, request))).toHaveLength(1)
  })

  test.each<[string, unknown, unknown, string]>([
    ['a kept step', 'charge', { rerun: true }, 'the result of step "charge" is kept already'],
    ['an unknown step', 'post', { rerun: true }, 'step "post" is not in doubt; in doubt is "mail"'],
    ['no step', undefined, { rerun: true }, 'step undefined is not in doubt'],
    ['no decision', 'mail', undefined, 'the decision must be { done: result } or { rerun: true }'],
    ['both decisions', 'mail', { done: 1, rerun: true }, 'the decision must be'],
    ['a result that is not JSON', 'mail', { done: 1n }, 'the result is not JSON'],
    ['a result of 70 KB', 'mail', { done: randomBytes(70_000).toString('base64') }, 'larger than 65536 bytes'],
  ])('refuses %s', async (_, name, decision, rule) => {
    const request = await inDoubt()
    const alice = person('alice')
    const given = { step: name, decision, reason } as DecideStepOptions
    expect(ruleOf(await alice.decideStep(await found(alice, request), given))).toContain(rule)
    expect(auditOf(await found(alice, request))).toEqual([])
  })

  test('refuses a record that has ended', async () => {
    const request = aRequest()
    await orderOf(request, [])
    const alice = person('alice')
    const given: DecideStepOptions = { step: 'mail', decision: { rerun: true }, reason }
    expect(ruleOf(await alice.decideStep(await found(alice, request), given))).toContain('it is SUCCEEDED')
  })
})

test('extend keeps a settled record longer, and never shorter', async () => {
  const request = aRequest()
  await scene.host('owner').once(request, () => 'paid')
  const alice = person('alice')
  const seen = await found(alice, request)
  expect(ruleOf(await alice.extend(seen, { reason, retentionSeconds: 3_600 }))).toContain('longer than that already')
  expect((await alice.extend(seen, { reason, retentionSeconds: 864_000 })).kind).toBe('done')
  scene.clock.advance(5 * 86_400_000)
  expect(await attempt(request)).toEqual({ value: { value: 'paid', status: 'replayed' } })
})

describe('O1 override', () => {
  const other = { amount: 999 }
  const fingerprint = deriveFingerprint([{ kind: 'canonical', text: canonicalPayload(other) }])

  const proposed = async (options: { openSeconds?: number } = {}) => {
    const request = aRequest()
    await scene.host('owner').once(request, () => 'first')
    const alice = person('alice')
    const result = await alice.propose(await found(alice, request), { fingerprint, reason, ...options })
    expect(result.kind).toBe('done')
    return request
  }

  test('lets the other payload run once, after another person has approved it', async () => {
    const request = await proposed()
    const changed = { ...request, payload: other }
    expect(codeOf(await attempt(changed))).toBe('key-reused')
    const [alice, bob] = [person('alice'), person('bob')]
    expect(ruleOf(await alice.approve(await found(alice, request), { reason }))).toContain('another person')
    expect((await bob.approve(await found(bob, request), { reason })).kind).toBe('done')
    expect(await attempt(request)).toEqual({ value: { value: 'first', status: 'replayed' } })
    expect(codeOf(await attempt({ ...request, payload: 3 }))).toBe('key-reused')
    expect(await attempt(changed, 'second')).toEqual({ value: { value: 'second', status: 'created' } })
    expect(codeOf(await attempt(request))).toBe('key-reused')
    const record = await found(alice, request)
    expect(record.override).toBeUndefined()
    expect(auditOf(record).map(({ act, by }) => `${act} ${by}`)).toEqual(['propose alice', 'approve bob'])
  })

  test('ends at its time', async () => {
    const request = await proposed({ openSeconds: 60 })
    const bob = person('bob')
    await bob.approve(await found(bob, request), { reason })
    scene.clock.advance(60_000)
    expect(codeOf(await attempt({ ...request, payload: other }))).toBe('key-reused')
  })

  test('cannot be approved after its time', async () => {
    const request = await proposed({ openSeconds: 60 })
    scene.clock.advance(60_000)
    const bob = person('bob')
    expect(ruleOf(await bob.approve(await found(bob, request), { reason }))).toContain('has expired')
  })

  test('can be withdrawn', async () => {
    const request = await proposed()
    const bob = person('bob')
    await bob.approve(await found(bob, request), { reason })
    expect((await bob.withdraw(await found(bob, request), { reason })).kind).toBe('done')
    expect(codeOf(await attempt({ ...request, payload: other }))).toBe('key-reused')
  })

  test('of parallel requests with the other payload one runs', async () => {
    const request = await proposed()
    const bob = person('bob')
    await bob.approve(await found(bob, request), { reason })
    let runs = 0
    const host = scene.host('many')
    const requests = Array.from({ length: 8 }, () => ending(host.once({ ...request, payload: other }, () => ++runs)))
    await Promise.all(requests)
    expect(runs).toBe(1)
  })
})

describe('list', () => {
  test('finds what waits for a person, by state and operation', async () => {
    const request = await held()
    const alice = person('alice')
    const keys: string[] = []
    let from: Parameters<Operator['list']>[0]['from']
    do {
      const page = await alice.list({ state: 'abandoned', operation: 'payments', from })
      keys.push(...page.records.map(({ recordKey }) => recordKey))
      from = page.next
    } while (from !== undefined)
    expect(keys).toContain(recordKeyOf(request))
    const others = await alice.list({ state: 'abandoned', operation: 'refunds' })
    expect(others.records).toEqual([])
    expect(others.scanned).toBeGreaterThan(0)
  })
})

test('size says what a scan of the table costs', async () => {
  await held()
  const { items, bytes, scanReadUnits } = await person('alice').size()
  expect(items).toBeGreaterThan(0)
  expect(scanReadUnits).toBe(Math.ceil(bytes / 8_192))
})

test.each([{ by: '' }, { by: 'é' }, { by: undefined }, { by: 'a', skewSeconds: 61 }, { by: 'a', tableName: 'x' }])(
  'options that cannot be right are refused: %p',
  (options) => {
    expect(() => tableOperator({ tableName: scene.tableName, client: testClient(), ...options } as never)).toThrow(
      /tableOperator/,
    )
  },
)
