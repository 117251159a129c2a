import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anchorOf, RUNBOOKS } from '../../lib/cdk/runbooks.ts'
import { step } from '../../lib/effects/index.ts'
import { type HttpOptions, idempotent } from '../../lib/http/index.ts'
import { type HandlerClaim, type IdempotencyEvent, once, TerminalError } from '../../lib/index.ts'
import { sqsHandler } from '../../lib/sqs/index.ts'
import { command, type Ran } from '../cli/command.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { databaseEndpoint } from '../support/dynamodb.ts'
import { denied, failBefore, throttled } from '../support/fault-proxy.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { ending, LEASE, openScene, recordKeyOf, type Scene, SKEW, UNHURRIED } from '../support/scene.ts'
import { anEvent, aRecord, orderOptions, redelivered, returned } from '../support/sqs.ts'

const PAGE = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8')

/** The command lines of each section, in their order. */
const SECTIONS = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n', 1)[0] ?? '', commandsIn(section)] as const),
)

function commandsIn(section: string): readonly string[] {
  return [...section.matchAll(/^ *```sh\n(.*?)^ *```$/gms)]
    .flatMap(([, text = '']) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

let scene: Scene
let folder: string

beforeAll(async () => {
  scene = await openScene(UNHURRIED)
  folder = mkdtempSync(join(tmpdir(), 'lambda-once-runbooks-'))
  writeFileSync(join(folder, 'answer.json'), JSON.stringify({ statusCode: 201, body: '{"charge":"ch_42"}' }))
  writeFileSync(join(folder, 'mail.json'), JSON.stringify({ id: 'm_42' }))
  writeFileSync(join(folder, 'event.json'), JSON.stringify(payment('override-1', { amount: 2 })))
})
beforeEach(() => scene.reset())
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await scene.close()
})

/** Runs a command line of the page on the scene's table. */
const perform = (line: string): Promise<Ran> => {
  const [npx, program, ...words] = wordsOf(line)
  expect([npx, program]).toEqual(['npx', 'lambda-once'])
  const argv = words.map((word) =>
    word === 'payments#…'
      ? recordKeyOf({ key: 'x', tenant: 'acme', payload: 1 })
      : word.endsWith('.json')
        ? join(folder, word)
        : word,
  )
  const by = argv.includes('approve') ? 'bob' : 'alice'
  const place = ['--table', scene.tableName, '--endpoint', databaseEndpoint()]
  return command([...argv, ...place, ...(argv.includes('--reason') ? ['--by', by] : [])], {
    answer: 'y',
    now: argv[0] === 'doctor' ? Date.now : scene.clock.now,
  })
}

/** Runs the command lines of one section, each of which has to succeed, and returns what they printed. */
const follow = async (heading: string): Promise<string> => {
  const lines = SECTIONS.get(heading) ?? []
  expect([heading, lines.length]).toEqual([heading, expect.any(Number)])
  const printed: string[] = []
  for (const line of lines) {
    const { status, out, err } = await perform(line)
    expect([line, status, status === 0 ? '' : err]).toEqual([line, 0, ''])
    printed.push(out)
  }
  return printed.join('\n')
}

type Run = () => unknown

/** A payments API: `pay(key, run)` sends one request. */
const api = (options: Partial<HttpOptions<TestEvent>> = {}) => {
  const events: IdempotencyEvent[] = []
  const { runtime } = scene.host('http')
  const pay = async (key: string, run: (claim: HandlerClaim | undefined) => unknown, amount = 1) =>
    idempotent(async (_event, _context, claim) => (await run(claim)) as object, {
      ...{ store: scene.store, operation: 'payments', tenant: () => 'acme', runtime, abandoned: 'hold' },
      observe: (event) => void events.push(event),
      ...options,
    })(payment(key, { amount }), contextWith()).then(answered, (error: Error) => error)
  return { pay, types: () => events.map(({ type }) => type) }
}

const CREATED: Run = () => ({ statusCode: 201, body: '{}' })
const THROWN: Run = () => {
  throw new RangeError('lost')
}

test.each(Object.entries(RUNBOOKS))('the alarm %s has a runbook, which begins with its command', (_, runbook) => {
  expect(PAGE).toContain(`](#${anchorOf(runbook.heading)})`)
  const [first] = (SECTIONS.get(runbook.heading) ?? []).map((line) => line.replace(/^npx lambda-once /, ''))
  const [name] = runbook.command.split(' ')
  expect(first?.split(' ')[0]).toBe(name)
})

test('each runbook of docs/operating.md belongs to an alarm', () => {
  const headings: readonly string[] = Object.values(RUNBOOKS).map(({ heading }) => heading)
  const runbooks = [...SECTIONS.keys()].filter((heading) => heading.startsWith('Runbook'))
  expect(runbooks.filter((heading) => !headings.includes(heading))).toEqual([])
})

test('a claim was lost: the record tells of two runs in one generation, and of the outcome that counts', async () => {
  const { pay, types } = api({ abandoned: 'rerun' })
  await pay('lost-1', async () => {
    scene.clock.advance(LEASE + SKEW + 1_000)
    await pay('lost-1', () => ({ statusCode: 201, body: '"the second run"' }))
    return { statusCode: 201, body: '"the late owner"' }
  })
  expect(types()).toContain('lost')
  const printed = await follow(RUNBOOKS.lost.heading)
  expect(printed).toContain('Attempts  2; the generation began with attempt 1')
  expect(await pay('lost-1', CREATED)).toMatchObject({ body: '"the second run"' })
})

test('an outcome was not stored: after the runbook retries get the answer', async () => {
  const { pay, types } = api()
  scene.proxy.script({ step: 'complete', fault: failBefore })
  await pay('unstored-1', CREATED)
  scene.proxy.script()
  expect(types()).toContain('unstored')
  scene.clock.advance(LEASE + SKEW + 1_000)
  await follow(RUNBOOKS.unstored.heading)
  expect(await pay('unstored-1', THROWN)).toMatchObject({ statusCode: 201, body: '{"charge":"ch_42"}' })
})

test('runs end in doubt: the list names the errors, and a retry runs', async () => {
  const { pay, types } = api({ abandoned: 'rerun' })
  await pay('doubt-1', THROWN)
  expect(types()).toContain('abandoned')
  expect(await follow(RUNBOOKS.abandoned.heading)).toMatch(/^payments#\S+ +abandoned .*RangeError$/m)
  expect(await pay('doubt-1', CREATED)).toMatchObject({ statusCode: 201 })
})

test('an outcome is unknown: after the runbook a retry runs', async () => {
  const { pay, types } = api()
  await pay('unknown-1', THROWN)
  expect(await pay('unknown-1', CREATED)).toMatchObject({ statusCode: 409 })
  expect(types()).toContain('outcomeUnknown')
  expect(await follow(RUNBOOKS.outcomeUnknown.heading)).toContain('abandoned: its owner ended without an outcome')
  expect(await pay('unknown-1', CREATED)).toMatchObject({ statusCode: 201 })
})

test('calls to the store failed: the runbook lists the record that was left in doubt', async () => {
  const { pay, types } = api()
  scene.proxy.script({ step: 'complete', fault: denied }, { step: 'abandon', fault: denied })
  await pay('failed-1', CREATED)
  scene.proxy.script()
  expect(types()).toContain('storeFailed')
  scene.clock.advance(LEASE + SKEW + 1_000)
  const printed = await follow(RUNBOOKS.storeFailed.heading)
  expect(printed).toContain('key-schema')
  expect(printed).toMatch(/^payments#\S+ +abandoned/m)
})

test('the store is slow or throttles: nothing ran, and later requests do', async () => {
  const { pay, types } = api()
  scene.proxy.script({ step: 'claim', fault: throttled })
  expect(await pay('throttled-1', CREATED)).toMatchObject({ statusCode: 503 })
  scene.proxy.script()
  expect(types()).toContain('storeFailed')
  expect(await follow(RUNBOOKS.throttles.heading)).toContain('key-schema')
  expect(await pay('throttled-1', CREATED)).toMatchObject({ statusCode: 201 })
})

test('dead letters: after the runbook the redriven message runs', async () => {
  let isRepaired = false
  const ran: number[] = []
  const reserve = sqsHandler(
    async () => {
      ran.push(ran.length + 1)
      if (!isRepaired) throw new TerminalError('poison')
    },
    { ...orderOptions(scene.tableName), operation: 'orders', tenant: () => 'acme', runtime: scene.host('sqs').runtime },
  )
  const message = anEvent(aRecord('poison-1'))
  expect(returned(await reserve(message, contextWith()))).toEqual(['poison-1'])
  expect(returned(await reserve(redelivered(message), contextWith()))).toEqual(['poison-1'])
  expect(ran).toHaveLength(1)
  isRepaired = true
  expect(await follow(RUNBOOKS.deadLetters.heading)).toContain('failed for good')
  expect(returned(await reserve(message, contextWith()))).toEqual([])
  expect(ran).toHaveLength(2)
})

test('every other command of docs/operating.md runs on a local table', async () => {
  await scene.host('owner').once({ key: 'x', tenant: 'acme', payload: 1, context: contextWith() }, () => 1)
  const { pay } = api()
  await pay('order-1', THROWN)
  await pay('override-1', CREATED)
  const ordered = api({ operation: 'orders', abandoned: 'rerun', route: () => '/orders' })
  const send = (run: Run) =>
    ordered.pay('order-1', async (claim) => ({
      statusCode: 201,
      body: JSON.stringify(await step(claim, 'mail', run, { inDoubt: 'stop' })),
    }))
  await send(THROWN)
  await order('order-2', THROWN)
  const others = [...SECTIONS.keys()].filter((heading) => !heading.startsWith('Runbook'))
  expect(others.flatMap((heading) => SECTIONS.get(heading) ?? []).length).toBeGreaterThan(4)
  for (const heading of others) await follow(heading)
  expect(await pay('override-1', CREATED, 2)).toMatchObject({ statusCode: 201 })
  expect(await send(() => ({ id: 'sent now' }))).toMatchObject({ body: '{"id":"m_42"}' })
  expect(await order('order-2', () => 'sent now')).toEqual({ value: { value: 'sent now', status: 'created' } })
})

/** An order whose mail must not be sent twice. */
const order = (key: string, send: Run) => {
  const { runtime } = scene.host('orders')
  const place = once({ store: scene.store, operation: 'orders', runtime })
  return ending(
    place({ key, tenant: 'acme', payload: 1, context: contextWith() }, (claim) =>
      step(claim, 'mail', send, { inDoubt: 'stop' }),
    ),
  )
}
