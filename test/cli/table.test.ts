import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { step } from '../../lib/effects/index.ts'
import { idempotent } from '../../lib/http/index.ts'
import type { IdempotencyError, OnceRequest } from '../../lib/index.ts'
import { auditOf, tableOperator } from '../../lib/operator/index.ts'
import { databaseEndpoint, testClient } from '../support/dynamodb.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { aRequest, ending, openScene, PATIENT, recordKeyOf, type Scene } from '../support/scene.ts'
import { command, type Ran, type Setting } from './command.ts'

let scene: Scene
let folder: string
beforeAll(async () => {
  scene = await openScene(PATIENT)
  folder = mkdtempSync(join(tmpdir(), 'lambda-once-cli-'))
})
beforeEach(() => scene.reset())
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await scene.close()
})

const once = (argv: readonly string[], setting: Setting = {}): Promise<Ran> =>
  command([...argv, '--table', scene.tableName, '--endpoint', databaseEndpoint()], { now: scene.clock.now, ...setting })

const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const codeOf = (outcome: object): string | undefined => (outcome as { error?: IdempotencyError }).error?.code

/** A payment whose handler threw, under `hold`: it waits for a person. */
const held = async (charges = false): Promise<OnceRequest> => {
  const request = aRequest()
  await ending(
    scene.host('owner', { abandoned: 'hold' }).once(request, async (claim) => {
      if (charges) await step(claim, 'charge', async () => 'ch_1')
      throw new RangeError('lost')
    }),
  )
  return request
}

const attempt = (request: OnceRequest, value: unknown = 'ran') =>
  ending(scene.host('retry', { abandoned: 'hold' }).once(request, () => value))

const recordFlag = (request: OnceRequest): readonly string[] => ['--record', recordKeyOf(request)]
const scopeFlags = ({ tenant, key }: OnceRequest): readonly string[] => [
  ...['--operation', 'payments', '--tenant', tenant, '--key', String(key)],
]
const BY_ALICE = ['--by', 'alice', '--yes', '--reason', 'The provider was asked']
const BY_BOB = ['--by', 'bob', '--yes', '--reason', 'Checked with the shop']

const recordOf = async (request: OnceRequest) => {
  const record = await scene.read(recordKeyOf(request))
  if (record === undefined) throw new Error('There is no record')
  return record
}

describe('inspect', () => {
  test('says in words what an abandoned record is, what a retry gets, and what a person can do', async () => {
    const request = await held(true)
    const { status, out } = await once(['inspect', ...scopeFlags(request)])
    expect(status).toBe(0)
    expect(out).toContain(`Record      ${recordKeyOf(request)}`)
    for (const text of [
      'abandoned: its owner ended without an outcome',
      "under 'hold' it gets 409 outcome-unknown",
      'Attempts    1; the generation began with attempt 1',
      'Last error  RangeError',
      'Steps kept  charge',
      'lambda-once settle',
    ])
      expect(out).toContain(text)
  })

  test('shows a step that has started, and whose result is not kept, as a step in doubt', async () => {
    const request = aRequest()
    const keys: string[] = []
    await ending(
      scene.host('owner', { abandoned: 'hold' }).once(request, async (claim) => {
        await step(claim, 'charge', ({ downstreamKey }) => {
          keys.push(downstreamKey)
          return 'ch_1'
        })
        await step(claim, 'text', () => Promise.reject(new RangeError('lost')), { inDoubt: 'stop' })
      }),
    )
    const { out } = await once(['inspect', ...scopeFlags(request)])
    expect(out).toMatch(/^Steps kept +charge$/m)
    expect(out).toMatch(/^In doubt +text: it has started, and must not run twice$/m)
    const { json } = await once(['inspect', ...scopeFlags(request), '--json'])
    expect(out).toMatch(/^A retry +runs up to step text, and then gets 409 outcome-unknown/m)
    expect(out).not.toContain('ch_1')
    const key = /^Step keys +charge: (\S+); text: \S+ /m.exec(out)?.[1]
    expect(json).toMatchObject({
      record: { steps: ['charge'], stepsInDoubt: ['text'], downstreamKeys: { charge: key } },
    })
    expect(keys).toEqual([key])
    const shown = await once(['inspect', ...scopeFlags(request), '--show-answer'])
    expect(shown.out).toMatch(/^Results +charge: ch_1$/m)
  })

  test('says when a live lease ends', async () => {
    const request = aRequest()
    await scene.host('owner').once(request, async () => {
      const { out } = await once(['inspect', ...recordFlag(request)])
      expect(out).toContain('in progress: its owner holds a live lease')
      expect(out).toMatch(/Lease +ends \S+Z \(in 31 seconds\)/)
    })
  })

  test('shows the answer only if it is asked to', async () => {
    const request = aRequest()
    await scene.host('owner').once(request, () => ({ card: '4242' }))
    const redacted = await once(['inspect', ...recordFlag(request), '--json'])
    expect(redacted.json).toMatchObject({ found: true, record: { state: 'succeeded', outcome: { kind: 'json' } } })
    expect(redacted.out).not.toContain('4242')
    const shown = await once(['inspect', ...recordFlag(request), '--json', '--show-answer'])
    expect(shown.json).toMatchObject({ record: { outcome: { answer: { card: '4242' } } } })
    expect((await once(['inspect', ...recordFlag(request), '--show-answer'])).out).toContain('"card": "4242"')
  })

  test('has colours only if it is on a terminal', async () => {
    const request = await held()
    expect((await once(['inspect', ...recordFlag(request)], { colours: true })).out).toContain('\u001b[31mabandoned')
    expect((await once(['inspect', ...recordFlag(request)])).out).not.toContain('\u001b[')
  })

  test('of a record that does not exist exits with 1 and says which part may differ', async () => {
    const { status, out } = await once(['inspect', '--record', 'payments#absent'])
    expect(status).toBe(1)
    expect(out).toContain("the route's template")
  })

  test.each([
    [[], 'name the record'],
    [['--operation', 'payments', '--tenant', 'a'], 'name the record'],
    [['--record', 'payments#x', '--tenant', 'a'], 'leave out --tenant'],
    [['--record', 'payments'], 'it must be an operation, a # and a digest'],
    [['--operation', 'a b', '--tenant', 'a', '--key', 'k'], '--operation is "a b"'],
    [['--operation', 'a', '--tenant', '', '--key', 'k'], 'The tenant is empty'],
  ])('refuses the flags %p', async (flags, message) => {
    const { status, out, err } = await once(['inspect', ...flags])
    expect({ status, out }).toEqual({ status: 2, out: '' })
    expect(err).toContain(message)
  })
})

describe('list', () => {
  test('says its cost before it scans, and goes on where it stopped', async () => {
    const requests = [await held(), await held(), await held()]
    const keys: string[] = []
    let from: string | null | undefined
    do {
      const { status, json, err } = await once(['list', '--limit', '1', '--json', ...(from ? ['--from', from] : [])])
      expect(status).toBe(0)
      expect(err).toMatch(/scanning all of it costs about \d+ read units; it stops after 10000/)
      const page = json as { records: { recordKey: string }[]; next: string | null }
      expect(page.records.length).toBeLessThanOrEqual(1)
      keys.push(...page.records.map(({ recordKey }) => recordKey))
      from = page.next
    } while (from)
    expect(keys).toEqual(expect.arrayContaining(requests.map(recordKeyOf)))
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('prints a table, and the flag that goes on', async () => {
    await held()
    const { out } = await once(['list', '--limit', '1'])
    expect(out).toMatch(/^RECORD +STATE +ATTEMPTS +CREATED +IN DOUBT +LAST ERROR\npayments#\S+ +abandoned +1 /)
    expect(out).toMatch(/Go on with: --from 'payments#/)
  })

  test('leaves out an item of another program, and names it', async () => {
    const request = await held()
    const pk = { S: "payments#x'; rm -rf '" }
    await testClient().send(
      new PutItemCommand({ TableName: scene.tableName, Item: { pk, status: { S: 'IN_PROGRESS' } } }),
    )
    const { status, out } = await once(['list'])
    expect(status).toBe(0)
    expect(out).toContain(recordKeyOf(request))
    expect(out).toContain(`Not a record of lambda-once, so left out: 'payments#x'\\''; rm -rf '\\'''`)
    const { json } = await once(['list', '--json'])
    expect(json).toMatchObject({ unreadable: [pk.S] })
    await testClient().send(new DeleteItemCommand({ TableName: scene.tableName, Key: { pk } }))
  })

  test('of an operation without records is empty, and that is no failure', async () => {
    const { status, out } = await once(['list', '--operation', 'refunds'])
    expect(status).toBe(0)
    expect(out).toMatch(/^0 records \(abandoned\), \d+ items read/)
  })

  test('stops at its read units', async () => {
    const { json } = await once(['list', '--operation', 'refunds', '--read-units', '1', '--json'])
    expect(json).toMatchObject({ records: [], readUnits: expect.any(Number) })
  })
})

describe('settle', () => {
  test('gives every retry the answer, and names the person as unverified', async () => {
    const request = await held()
    const value = file('value.json', '"paid by hand"')
    const { status, out } = await once(['settle', ...recordFlag(request), '--value', value, ...BY_ALICE])
    expect(status).toBe(0)
    expect(out).toContain('Done.')
    expect(await attempt(request)).toEqual({ value: { value: 'paid by hand', status: 'replayed' } })
    expect(auditOf(await recordOf(request))).toMatchObject([{ by: 'alice (unverified)', act: 'settle' }])
    expect((await once(['inspect', ...recordFlag(request)])).out).toContain(
      'settle (it was IN_PROGRESS) by alice (unverified): The provider was asked',
    )
  })

  test('asks a person at the terminal first, and writes nothing after a no', async () => {
    const request = await held()
    const flags = ['settle', ...recordFlag(request), '--fact-only', '--by', 'alice', '--reason', 'It was sent']
    const no = await once(flags, { answer: '' })
    expect(no).toMatchObject({ status: 1, out: 'Nothing was changed.' })
    expect(no.err).toContain('Settle it: every retry gets the answer that you gave')
    expect(no.err).toContain('Write it? [y/N]')
    expect((await recordOf(request)).status).toBe('IN_PROGRESS')
    expect((await once(flags, { answer: 'y' })).status).toBe(0)
    expect((await recordOf(request)).status).toBe('SUCCEEDED')
  })

  test('changes nothing if the record moves while the person reads, and exits with 1', async () => {
    const request = await held()
    const operator = tableOperator({
      tableName: scene.tableName,
      by: 'bob',
      client: testClient(),
      now: scene.clock.now,
    })
    const answer = async () => {
      await operator.release(await recordOf(request), { reason: 'bob was faster' })
      return 'y'
    }
    const flags = [
      'settle',
      ...recordFlag(request),
      '--fact-only',
      '--by',
      'alice',
      '--reason',
      'It was sent',
      '--json',
    ]
    const { status, json } = await once(flags, { answer })
    expect(status).toBe(1)
    expect(json).toMatchObject({ kind: 'moved', record: { status: 'RELEASED' } })
    expect((await recordOf(request)).status).toBe('RELEASED')
  })

  test('an HTTP answer is what a client gets', async () => {
    const handler = (fails: boolean) =>
      idempotent(() => (fails ? Promise.reject(new Error('lost')) : { statusCode: 201 }), {
        store: scene.store,
        operation: 'payments',
        tenant: 'single-tenant',
        abandoned: 'hold',
        runtime: scene.host('http').runtime,
      })
    await ending(handler(true)(payment('settled'), contextWith()))
    const answer = file('answer.json', { statusCode: 201, headers: { 'content-type': 'text/plain' }, body: 'by hand' })
    const named = ['--operation', 'payments', '--tenant', 'single-tenant', '--method', 'post', '--route', '/payments']
    const settled = await once(['settle', ...named, '--key', 'settled', '--answer', answer, ...BY_ALICE])
    expect(settled).toMatchObject({ status: 0 })
    const replay = await answered(await handler(false)(payment('settled'), contextWith()))
    expect(replay).toMatchObject({ statusCode: 201, body: 'by hand' })
  })

  test('keeps the fact for SQS as long as a message may come again', async () => {
    const request = await held()
    await once(['settle', ...recordFlag(request), '--fact-only', ...BY_ALICE])
    expect(await recordOf(request)).toMatchObject({ expiresAt: scene.clock.now() + 1_296_000_000 })
  })

  test.each([
    ['a missing reason', ['--fact-only', '--yes', '--by', 'a'], 'say why'],
    ['a missing answer', BY_ALICE, 'say what every retry gets'],
    ['two answers', ['--fact-only', '--value', 'x', ...BY_ALICE], 'cannot be used with'],
    ['a name that is empty', ['--fact-only', '--yes', '--reason', 'r', '--by', ''], '--by must be 1 to 180 characters'],
    ['a name with a line break', ['--fact-only', '--yes', '--reason', 'r', '--by', 'a\nb'], '--by must be 1 to 180'],
    ['a missing terminal', ['--fact-only', '--by', 'a', '--reason', 'r'], 'there is no terminal; give --yes'],
    ['a missing name under an emulator', ['--fact-only', '--yes', '--reason', 'r'], '--by is needed with --endpoint'],
    ['a file that does not exist', ['--value', '/nowhere', ...BY_ALICE], 'cannot be read'],
    ['a retention in another unit', ['--fact-only', '--retention-seconds', '1', ...BY_ALICE], 'an integer from 1501'],
  ])('refuses %s', async (_, flags, message) => {
    const { status, err } = await once(['settle', '--record', 'payments#x', ...flags])
    expect(status).toBe(2)
    expect(err).toContain(message)
  })

  test.each([
    ['no JSON', '{', 'is not JSON'],
    ['a status out of bounds', { statusCode: 42 }, 'statusCode is 42'],
    ['a body that is no text', { statusCode: 200, body: {} }, 'body must be a text'],
    ['a member of another name', { statusCode: 200, status: 1 }, 'it may have statusCode, headers, body'],
    ['a header of two lines', { statusCode: 200, headers: { a: 'b\r\nc: d' } }, 'headers must be an object of texts'],
    ['headers that are no texts', { statusCode: 200, headers: { a: 1 } }, 'headers must be an object of texts'],
  ])('refuses an HTTP answer with %s', async (_, content, message) => {
    const answer = file('wrong.json', content)
    const { status, err } = await once(['settle', '--record', 'payments#x', '--answer', answer, ...BY_ALICE])
    expect(status).toBe(2)
    expect(err).toContain(message)
  })

  test('refuses a live claim unless it is told to act despite it', async () => {
    const request = aRequest()
    const late = scene.host('late').once(request, async () => {
      const flags = ['settle', ...recordFlag(request), '--fact-only', ...BY_ALICE]
      expect(await once(flags)).toMatchObject({ status: 1, out: expect.stringContaining('its lease is live') })
      expect((await once([...flags, '--despite-live-lease'])).status).toBe(0)
      return 'the own answer'
    })
    expect(await late).toMatchObject({ status: 'replayed' })
  })
})

describe('release', () => {
  test('lets the next request run', async () => {
    const request = await held()
    expect((await once(['release', ...recordFlag(request), ...BY_ALICE])).status).toBe(0)
    expect(await attempt(request)).toEqual({ value: { value: 'ran', status: 'created' } })
  })

  test('of a success has to be said twice', async () => {
    const request = aRequest()
    await scene.host('owner').once(request, () => 'paid')
    const flags = ['release', ...recordFlag(request), ...BY_ALICE]
    expect(await once(flags)).toMatchObject({ status: 1, out: expect.stringMatching(/it succeeded.*--forget-success/) })
    expect((await once([...flags, '--forget-success'])).status).toBe(0)
  })

  test('of a record that does not exist exits with 1', async () => {
    expect((await once(['release', '--record', 'payments#absent', ...BY_ALICE])).status).toBe(1)
  })
})

test('release names the steps that it forgets before it asks', async () => {
  const request = await held(true)
  const flags = ['release', ...recordFlag(request), '--by', 'alice', '--reason', 'All of it was undone']
  expect(await once(flags, { answer: 'y' })).toMatchObject({ status: 1, out: expect.stringMatching(/--forget-steps/) })
  const { err } = await once([...flags, '--forget-steps'], { answer: '' })
  expect(err).toContain('It forgets the steps, done or not, and each runs again: charge.')
  const settled = aRequest()
  await scene.host('owner').once(settled, () => 'paid')
  const forget = ['release', ...recordFlag(settled), '--forget-success', '--by', 'alice', '--reason', 'Undone']
  expect((await once(forget, { answer: '' })).err).not.toContain('It forgets the steps')
})

describe('step', () => {
  const order = (request: OnceRequest, text: () => unknown = () => 'sent') =>
    ending(
      scene.host('owner').once(request, async (claim) => {
        const charge = await step(claim, 'charge', () => 'ch_1')
        return { charge, text: await step(claim, 'text', text, { inDoubt: 'stop' }) }
      }),
    )

  const inDoubt = async (): Promise<OnceRequest> => {
    const request = aRequest()
    await order(request, () => Promise.reject(new RangeError('lost')))
    return request
  }

  test('with the result of a step lets the next retry go on behind it', async () => {
    const request = await inDoubt()
    expect((await once(['inspect', ...recordFlag(request)])).out).toMatch(/^Next .*lambda-once step/m)
    const done = file('done.json', { id: 'm_42' })
    const flags = ['step', ...recordFlag(request), '--step', 'text', '--done', done, ...BY_ALICE]
    expect((await once(flags)).status).toBe(0)
    const { out } = await once(['inspect', ...recordFlag(request)])
    expect(out).toMatch(/^Steps kept +charge, text$/m)
    expect(out).toContain('keepStep text (it was IN_PROGRESS) by alice (unverified): The provider was asked')
    expect(await order(request)).toEqual({
      value: { value: { charge: 'ch_1', text: { id: 'm_42' } }, status: 'created' },
    })
    expect(await once(flags)).toMatchObject({ status: 1, out: expect.stringContaining('it is SUCCEEDED') })
  })

  test('with --rerun asks first, and then lets it run again', async () => {
    const request = await inDoubt()
    const flags = ['step', ...recordFlag(request), '--step', 'text', '--rerun', '--by', 'alice', '--reason', 'Not sent']
    const no = await once(flags, { answer: '' })
    expect(no).toMatchObject({ status: 1, out: 'Nothing was changed.' })
    expect(no.err).toContain('Let step text run again: the next retry runs it, with the same downstream key.')
    expect((await once(flags, { answer: 'y' })).status).toBe(0)
    expect(await order(request)).toMatchObject({ value: { value: { text: 'sent' }, status: 'created' } })
  })

  test('says after the decision what a retry does, and not to release', async () => {
    const request = await inDoubt()
    const { out } = await once(['step', ...recordFlag(request), '--step', 'text', '--rerun', ...BY_ALICE])
    expect(out).toMatch(/^Next .*the step is decided, and the next retry goes on from there: see to it that one comes/m)
  })

  test('names a step that is not in doubt', async () => {
    const request = await inDoubt()
    const ran = await once(['step', ...recordFlag(request), '--step', 'test', '--rerun', ...BY_ALICE])
    expect(ran).toMatchObject({
      status: 1,
      out: expect.stringContaining('step "test" is not in doubt; in doubt is "text"'),
    })
  })

  test.each([
    [['--rerun'], 'say which step: --step NAME'],
    [['--step', 'text'], 'say what became of the step'],
    [['--step', 'text', '--done', '-', '--rerun'], "'--done <file>' cannot be used with option '--rerun'"],
  ])('%p is wrong usage', async (flags, message) => {
    const ran = await once(['step', '--record', 'payments#absent', ...flags, ...BY_ALICE])
    expect(ran.status).toBe(2)
    expect(ran.err).toContain(message)
  })
})

describe('what a record holds cannot steer the terminal', () => {
  const reason = 'ok\u001b[2J\u009b31m\u202e\n  2026-01-01T00:00:00.000Z  approve by arn:aws:iam::1:user/eve: fine'
  const shown = 'ok\\u001b[2J\\u009b31m\\u202e\\u000a  2026-01-01T00:00:00.000Z  approve by'
  const by = ['--by', 'eve', '--yes', '--reason', reason]

  test.each([false, true])('with colours: %p', async (colours) => {
    const request = await held()
    const { out } = await once(['release', ...recordFlag(request), ...by], { colours })
    expect(out).toContain(shown)
    expect(out).not.toMatch(/^ +2026-01-01/m)
    expect(out.includes('\u001b[1mRecord')).toBe(colours)
  })

  test('nor the question before an act', async () => {
    const request = await held()
    await once(['release', ...recordFlag(request), ...by])
    const { err } = await once(['release', ...recordFlag(request), '--by', 'bob', '--reason', 'r'], { answer: '' })
    expect(err).not.toContain('\u001b')
  })

  test('and --json keeps it', async () => {
    const request = await held()
    const { out, json } = await once(['release', ...recordFlag(request), ...by, '--json'])
    expect(out).not.toMatch(/[\u007f-\u009f\u202e]/)
    expect(json).toMatchObject({ record: { audit: [{ reason }] } })
  })
})

test('extend keeps a settled record longer', async () => {
  const request = aRequest()
  await scene.host('owner').once(request, () => 'paid')
  const flags = ['extend', ...recordFlag(request), ...BY_ALICE]
  expect(await once(flags)).toMatchObject({ status: 2, err: expect.stringContaining('--retention-seconds') })
  expect((await once([...flags, '--retention-seconds', '864000'])).status).toBe(0)
  scene.clock.advance(5 * 86_400_000)
  expect(await attempt(request)).toEqual({ value: { value: 'paid', status: 'replayed' } })
})

describe('O1 override', () => {
  test('of two persons lets another payload run once', async () => {
    const request = aRequest()
    await scene.host('owner').once(request, () => 'first')
    const payload = file('payload.json', { amount: 999 })
    const propose = ['override', 'propose', ...scopeFlags(request), '--payload', payload]
    expect((await once([...propose, ...BY_ALICE])).status).toBe(0)
    const approve = ['override', 'approve', ...recordFlag(request)]
    expect(await once([...approve, ...BY_ALICE])).toMatchObject({
      status: 1,
      out: expect.stringContaining('another person has to approve it'),
    })
    expect((await once([...approve, ...BY_BOB])).status).toBe(0)
    expect((await once(['list', '--state', 'override'])).out).toContain(recordKeyOf(request))
    const changed = { ...request, payload: { amount: 999 } }
    expect(await attempt(changed, 'second')).toEqual({ value: { value: 'second', status: 'created' } })
    expect(codeOf(await attempt(request))).toBe('key-reused')
  })

  test('can be withdrawn', async () => {
    const request = aRequest()
    await scene.host('owner').once(request, () => 'first')
    const payload = file('payload.json', { amount: 999 })
    await once(['override', 'propose', ...recordFlag(request), '--payload', payload, ...BY_ALICE])
    expect((await once(['override', 'withdraw', ...recordFlag(request), ...BY_BOB])).status).toBe(0)
    expect((await recordOf(request)).override).toBeUndefined()
  })

  const httpOptions = { tenant: () => 'acme' as const, operation: 'payments' }

  /** A function whose payload, tenant and key are its own. */
  const ownModule = () =>
    file(
      'options.mjs',
      `export const options = {
        operation: 'payments',
        tenant: (event) => event.headers['x-tenant'],
        key: (event) => event.headers['x-key'],
        route: () => '/pay',
        payload: (event) => ({ amount: JSON.parse(event.body).amount }),
      }`,
    )

  const call = (event: unknown, options: object) =>
    idempotent(() => ({ statusCode: 201, body: 'ran' }), {
      store: scene.store,
      runtime: scene.host('http').runtime,
      ...httpOptions,
      ...options,
    })(event, contextWith()).then(answered)

  test('takes the payload from the event, as the function does', async () => {
    const [first, second] = [payment('http-1', { amount: 1 }), payment('http-1', { amount: 2 })]
    expect(await call(first, {})).toMatchObject({ statusCode: 201 })
    expect(await call(second, {})).toMatchObject({ statusCode: 422 })
    const event = file('event.json', second)
    const named = ['--operation', 'payments', '--tenant', 'acme', '--event', event]
    const proposed = await once(['override', 'propose', ...named, ...BY_ALICE, '--json'])
    expect(proposed).toMatchObject({ status: 0 })
    const { record } = proposed.json as { record: { recordKey: string } }
    expect((await once(['override', 'approve', '--record', record.recordKey, ...BY_BOB])).status).toBe(0)
    expect(await call(second, {})).toMatchObject({ statusCode: 201 })
  })

  test('takes tenant, key, route and payload from your own functions', async () => {
    const of = (amount: number) => ({
      ...payment(undefined, { amount, note: 'ignored' }),
      headers: { 'x-tenant': 'globex', 'x-key': 'own-1', 'content-type': 'application/json' },
    })
    const config = ownModule()
    const { options } = await import(config)
    expect(await call(of(1), options)).toMatchObject({ statusCode: 201 })
    expect(await call(of(2), options)).toMatchObject({ statusCode: 422 })
    const event = file('own.json', of(2))
    const proposed = await once(['override', 'propose', '--config', config, '--event', event, ...BY_ALICE, '--json'])
    expect(proposed).toMatchObject({ status: 0 })
    const { record } = proposed.json as { record: { recordKey: string } }
    await once(['override', 'approve', '--record', record.recordKey, ...BY_BOB])
    expect(await call(of(2), options)).toMatchObject({ statusCode: 201 })
  })

  test.each([
    ['nothing', [], 'name the other payload'],
    ['a key that the event has already', ['--event', 'E', '--key', 'k'], 'leave out --key'],
    ['an event without a scope', ['--event', 'E'], 'name the record'],
    ['another record', ['--event', 'E', '--config', 'C', '--record', 'payments#other'], 'and --record names'],
    ['no event', ['--event', 'N', '--record', 'payments#x'], 'not from an HTTP API'],
    ['a safe method', ['--event', 'G', '--record', 'payments#x'], 'safe to repeat'],
    ['a module that does not exist', ['--event', 'E', '--config', '/no.mjs'], 'cannot be loaded'],
    ['a module without options', ['--event', 'E', '--config', 'M'], 'has no options'],
    ['an option that is not known', ['--event', 'E', '--config', 'U'], 'option "paylod" is not known'],
  ])('refuses %s', async (_, flags, message) => {
    const event = { ...payment('k', { amount: 1 }), headers: { 'x-tenant': 'a', 'x-key': 'k' } }
    const files: Record<string, string> = {
      E: file('e.json', event),
      N: file('n.json', { hello: 1 }),
      G: file('g.json', { ...event, requestContext: { http: { method: 'GET' } } }),
      C: ownModule(),
      M: file('m.mjs', 'export const nothing = 1'),
      U: file('u.mjs', 'export default { paylod: () => 1 }'),
    }
    const { status, err } = await once([
      'override',
      'propose',
      ...flags.map((flag) => files[flag] ?? flag),
      ...BY_ALICE,
    ])
    expect(status).toBe(2)
    expect(err).toContain(message)
  })
})

describe('a store that refuses', () => {
  let denying: Server
  let endpoint: string
  beforeAll(async () => {
    const body = { __type: 'com.amazon.coral.service#AccessDeniedException', Message: 'not authorized' }
    denying = createServer((_, response) => response.writeHead(400).end(JSON.stringify(body)))
    await new Promise<void>((listening) => denying.listen(0, '127.0.0.1', listening))
    endpoint = `http://127.0.0.1:${(denying.address() as AddressInfo).port}`
  })
  afterAll(() => void denying.close())

  const COMMANDS = [
    ['inspect', '--record', 'payments#x'],
    ['list'],
    ['settle', '--record', 'payments#x', '--fact-only', ...BY_ALICE],
    ['release', '--record', 'payments#x', ...BY_ALICE],
    ['override', 'approve', '--record', 'payments#x', ...BY_ALICE],
  ]

  test.each(COMMANDS)('%s: a missing table has exit status 3', async (...argv) => {
    const ran = await command([...argv, '--table', 'absent', '--endpoint', databaseEndpoint(), '--json'])
    expect(ran.status).toBe(3)
    expect(ran.err).toContain('The table does not exist in this account and Region')
    expect(ran.json).toMatchObject({ error: { code: 'store-misconfigured' } })
  })

  test.each(COMMANDS)('%s: denied access has exit status 3, and names the permissions', async (...argv) => {
    const ran = await command([...argv, '--table', 'records', '--endpoint', endpoint, '--json'])
    expect(ran.status).toBe(3)
    expect(ran.err).toContain('dynamodb:GetItem and dynamodb:UpdateItem')
    expect(ran.json).toMatchObject({ error: { code: 'store-misconfigured' } })
  })

  test('an address where nothing listens has exit status 3', async () => {
    const ran = await command(['inspect', '--record', 'a#x', '--table', 'records', '--endpoint', 'http://127.0.0.1:9'])
    expect(ran).toMatchObject({ status: 3, err: expect.stringContaining('cannot be reached') })
  })
})

describe('who acts', () => {
  const answerOf = (status: number, body: string): Promise<Server> =>
    new Promise((listening) => {
      const server = createServer((_, response) => response.writeHead(status, { 'content-type': 'text/xml' }).end(body))
      server.listen(0, '127.0.0.1', () => listening(server))
    })

  const ENVIRONMENT = { ...process.env }
  afterEach(() => {
    process.env = { ...ENVIRONMENT }
  })

  const useEnvironment = (sts: Server): void => {
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
      AWS_ENDPOINT_URL_DYNAMODB: databaseEndpoint(),
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REGION: 'us-east-1',
    })
  }

  const actUnder = async (sts: Server, request: OnceRequest): Promise<Ran> => {
    useEnvironment(sts)
    const flags = ['release', ...recordFlag(request), '--table', scene.tableName, '--yes', '--reason', 'No charge']
    return command(flags, { now: scene.clock.now }).finally(() => sts.close())
  }

  test('is who AWS STS says', async () => {
    const request = await held()
    const arn = 'arn:aws:sts::111122223333:assumed-role/OnCall/alice'
    const body = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`
    expect(await actUnder(await answerOf(200, body), request)).toMatchObject({ status: 0 })
    expect(auditOf(await recordOf(request))).toMatchObject([{ by: arn }])
  })

  test('is who AWS STS says at an endpoint that is not of this computer, such as one of a VPC', async () => {
    const sts = await answerOf(403, '<ErrorResponse><Error><Code>Denied</Code></Error></ErrorResponse>')
    useEnvironment(sts)
    const argv = ['release', '--record', 'a#x', '--table', 'records', '--yes', '--reason', 'No charge']
    const ran = await command([...argv, '--endpoint', 'https://vpce.example.com']).finally(() => sts.close())
    expect(ran).toMatchObject({ status: 3, err: expect.stringContaining('AWS STS does not say who you are') })
  })

  test('is asked for with --by if STS refuses', async () => {
    const request = await held()
    const body = '<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>'
    const ran = await actUnder(await answerOf(403, body), request)
    expect(ran.status).toBe(3)
    expect(ran.err).toContain('give --by')
    expect((await recordOf(request)).status).toBe('IN_PROGRESS')
  })
})

describe('--audit-log', () => {
  interface Call {
    readonly action: string
    readonly input: Record<string, unknown>
  }
  type Reply = (call: Call) => { readonly status: number; readonly body: unknown }

  const ENVIRONMENT = { ...process.env }
  let server: Server
  let calls: Call[]
  let reply: Reply

  const bodyOf = async (request: IncomingMessage): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  /** Answers as CloudWatch Logs does: JSON, with the action in a header. */
  beforeEach(async () => {
    calls = []
    reply = () => ({ status: 200, body: {} })
    server = createServer(async (request, response) => {
      const action = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      const call = { action, input: JSON.parse(await bodyOf(request)) }
      calls.push(call)
      const { status, body } = reply(call)
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    process.env.AWS_ENDPOINT_URL_CLOUDWATCH_LOGS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    process.env = { ...ENVIRONMENT }
    await new Promise((closed) => server.close(closed))
  })

  const release = (request: OnceRequest, setting: Setting = {}): Promise<Ran> =>
    once(['release', ...recordFlag(request), ...BY_ALICE, '--audit-log', '/ops/audit'], setting)

  const failing =
    (failed: string, type: string): Reply =>
    ({ action }) =>
      action === failed ? { status: 400, body: { __type: type, message: 'no' } } : { status: 200, body: {} }

  test('gets one line for an act, in the stream of the day', async () => {
    const request = await held()
    expect((await release(request)).status).toBe(0)
    const now = scene.clock.now()
    const stream = {
      logGroupName: '/ops/audit',
      logStreamName: `lambda-once/${new Date(now).toISOString().slice(0, 10)}`,
    }
    const [made, put] = calls
    expect(calls).toHaveLength(2)
    expect(made).toEqual({ action: 'CreateLogStream', input: stream })
    expect(put).toMatchObject({ action: 'PutLogEvents', input: { ...stream, logEvents: [{ timestamp: now }] } })
    const [event] = (put?.input.logEvents ?? []) as { readonly message: string }[]
    expect(JSON.parse(event?.message ?? '')).toEqual({
      type: 'operated',
      at: new Date(now).toISOString(),
      by: 'alice (unverified)',
      act: 'release',
      reason: 'The provider was asked',
      from: 'IN_PROGRESS',
      table: scene.tableName,
      recordKey: recordKeyOf(request),
      status: 'RELEASED',
      attempt: 1,
      generation: 1,
      revision: (await recordOf(request)).revision,
    })
  })

  test('goes on in a stream that is there', async () => {
    const request = await held()
    reply = failing('CreateLogStream', 'ResourceAlreadyExistsException')
    expect((await release(request)).status).toBe(0)
    expect(calls.map(({ action }) => action)).toEqual(['CreateLogStream', 'PutLogEvents'])
  })

  test.each(['ResourceNotFoundException', 'AccessDeniedException'])(
    'that cannot be written (%s) is reported before anything is written',
    async (name) => {
      const request = await held()
      reply = failing('CreateLogStream', name)
      const ran = await release(request)
      expect(ran).toMatchObject({
        status: 3,
        err: expect.stringContaining(`nothing was changed: the log group /ops/audit`),
      })
      expect(ran.err).toContain(name)
      expect((await recordOf(request)).status).toBe('IN_PROGRESS')
    },
  )

  test.each<[string, Reply]>([
    ['fails', failing('PutLogEvents', 'AccessDeniedException')],
    ['is rejected', () => ({ status: 200, body: { rejectedLogEventsInfo: { tooNewLogEventStartIndex: 0 } } })],
  ])('whose line %s: the act is written, and the command says so', async (_, answer) => {
    const request = await held()
    reply = answer
    const ran = await release(request)
    expect(ran).toMatchObject({ status: 3, err: expect.stringContaining('the act is written, and its line is not') })
    expect((await recordOf(request)).status).toBe('RELEASED')
  })

  test.each([
    ['PutLogEvents', 'not-logged', 'RELEASED'],
    ['CreateLogStream', 'unreachable', 'IN_PROGRESS'],
  ])('with --json tells by the code whether the act is written if %s fails: %s', async (failed, code, status) => {
    const request = await held()
    reply = failing(failed, 'AccessDeniedException')
    const flags = ['release', ...recordFlag(request), ...BY_ALICE, '--audit-log', '/ops/audit', '--json']
    expect((await once(flags)).json).toMatchObject({ error: { code } })
    expect((await recordOf(request)).status).toBe(status)
  })

  test('gets no line for what was not written', async () => {
    const request = await held()
    const flags = [
      'release',
      ...recordFlag(request),
      '--by',
      'alice',
      '--reason',
      'No charge',
      '--audit-log',
      '/ops/audit',
    ]
    expect((await once(flags, { answer: 'n' })).status).toBe(1)
    expect(calls.map(({ action }) => action)).toEqual(['CreateLogStream'])
  })

  test('of a name that no group can have is wrong usage', async () => {
    const request = await held()
    const ran = await once(['release', ...recordFlag(request), ...BY_ALICE, '--audit-log', 'ops:audit'])
    expect(ran).toMatchObject({
      status: 2,
      err: expect.stringContaining('--audit-log must be the name of a log group'),
    })
    expect(calls).toEqual([])
  })
})
