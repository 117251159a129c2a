import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { conflictTable } from '../../lib/cli/policy/conflict-table.ts'
import { failureTable } from '../../lib/cli/policy/failure-table.ts'
import { openApiOf } from '../../lib/cli/policy/openapi.ts'
import { factsOf } from '../../lib/cli/policy/policy-facts.ts'
import { ERRORS, type ErrorCode } from '../../lib/core/errors.ts'
import { reconcile } from '../../lib/effects/index.ts'
import { type HttpOptions, idempotent, storeDeterministic, storeEverything } from '../../lib/http/index.ts'
import { readHttpSettings } from '../../lib/http/options.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { rowsUnder } from '../support/doc-tables.ts'
import { contextWith, payment } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { command } from './command.ts'

type Options = Partial<HttpOptions<never>>

const settingsOf = (options: Options = {}) =>
  readHttpSettings('test', { store: memoryStore(), operation: 'payments', tenant: 'single-tenant', ...options })

const ASKED = reconcile<never>(() => ({ rerun: true }))

/** Every choice that changes a row or a component. */
const CONFIGS: readonly (readonly [string, Options])[] = [
  ['the defaults', {}],
  ['hold', { abandoned: 'hold' }],
  ['reconcile', { abandoned: ASKED }],
  ['reconcile within a window', { abandoned: ASKED, rerunWithinSeconds: 3_600 }],
  ['a window', { rerunWithinSeconds: 3_600 }],
  ['a strict header, and all methods', { key: { header: 'strict' }, methods: ['POST', 'PATCH', 'PUT', 'DELETE'] }],
  ['a key function', { key: () => 'key' }],
  ['no key needed', { missingKey: 'pass' }],
  ['an unprotected run', { storeDown: 'dangerouslyRunUnprotected', unstored: 'fail' }],
  ['own problems', { problem: () => ({ statusCode: 400 }) }],
  ['a page about the codes', { docsUrl: 'https://docs.example.com/errors' }],
]

test.each(CONFIGS)('the document is valid OpenAPI 3.1 for %s', async (_, options) => {
  const settings = settingsOf(options)
  const document = JSON.parse(JSON.stringify(openApiOf(settings, factsOf(settings))))
  const validator = new Validator()
  const { valid, errors } = await validator.validate(document)
  expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version: '3.1' })
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)]
  expect(references.length).toBeGreaterThan(3)
  for (const [, kind = '', name = ''] of references) expect(document.components[kind]).toHaveProperty(name)
})

test('a document that is not valid is found', async () => {
  const settings = settingsOf()
  const document = JSON.parse(JSON.stringify(openApiOf(settings, factsOf(settings))))
  document.components.parameters.IdempotencyKey.in = 'somewhere'
  expect((await new Validator().validate(document)).valid).toBe(false)
})

describe('the conflict table agrees with docs/protocol.md', () => {
  const documented = rowsUnder('docs/protocol.md', 'Who wins: the conflict table', 'the record is …')
  const cell = (row: (typeof documented)[number], policy: 'rerun' | 'hold') =>
    row[`\`${policy}\``] === 'the same' ? row['`rerun`'] : row[`\`${policy}\``]

  test.each(['rerun', 'hold'] as const)('under %s', (abandoned) => {
    expect(documented).toHaveLength(6)
    expect(conflictTable(settingsOf({ abandoned }).core).map(({ record, result }) => [record, result])).toEqual(
      documented.map((row) => [row['the record is …'], cell(row, abandoned)]),
    )
  })

  test.each<[string, Options, readonly string[]]>([
    ['a window', { rerunWithinSeconds: 3_600 }, ['taken over, same generation', '`outcome-unknown`: 409']],
    ['reconcile', { abandoned: ASKED }, ['`outcome-pending`: 409', 'taken over, and asked about']],
    [
      'reconcile within a window',
      { abandoned: ASKED, rerunWithinSeconds: 3_600 },
      ['taken over, same generation', '`outcome-pending`: 409', 'taken over, and asked about'],
    ],
  ])('and so do the last rows under %s', (_, options, results) => {
    const rows = conflictTable(settingsOf(options).core)
    expect(rows.slice(5).map(({ result }) => result)).toEqual(results)
  })
})

describe('the failure table agrees with docs/outcomes.md', () => {
  const documented = new Map(
    rowsUnder('docs/outcomes.md', 'All cases', 'the handler …').map((row) => [row['the handler …'] ?? '', row]),
  )

  test('in the claim of each error and each fault', () => {
    const rows = failureTable(settingsOf()).filter(({ handler }) => documented.has(handler))
    expect(rows.map(({ handler }) => handler)).toEqual([
      'throws `NotDoneError`',
      'throws an error with `expose: true` and a 4xx `statusCode`, in the wrapper form',
      'throws anything else',
      'throws `TerminalError`',
      'crashes, or runs into its time-out',
      'is done, but the outcome cannot be written',
    ])
    for (const { handler, claim } of rows)
      expect([handler, claim]).toEqual([handler, documented.get(handler)?.['the claim is …']])
  })

  test('in the claim and the answer of each class of statuses', () => {
    const classes = { '2xx or 3xx': ['2', '3'], '4xx': ['4'], '5xx': ['5'] }
    const rows = failureTable(settingsOf()).filter(({ handler }) => /^answers \d/.test(handler))
    expect(rows).toHaveLength(3)
    for (const [at, [name, firsts]] of Object.entries(classes).entries()) {
      const statuses = rows[at]?.handler.match(/\d{3}/g) ?? []
      expect(new Set(statuses.map((status) => status[0]))).toEqual(new Set(firsts))
      const row = documented.get(`answers ${name}`)
      expect([rows[at]?.claim, rows[at]?.caller]).toEqual([row?.['the claim is …'], row?.['the caller gets']])
    }
  })
})

test.each<[string, number, string, Options['outcomes']]>([
  ['storeDeterministic', 404, 'completed', storeDeterministic],
  ['storeDeterministic', 429, 'released', storeDeterministic],
  ['storeEverything', 500, 'completed', storeEverything],
  [
    'a policy of your own',
    402,
    'abandoned',
    ({ statusCode }: { statusCode: number }) => (statusCode === 402 ? 'abandon' : 'complete'),
  ],
])('the rows about answers are what %s decides about %s: %s', (_, status, claim, outcomes) => {
  const rows = failureTable(settingsOf({ outcomes }))
  expect(rows.find(({ handler }) => handler.includes(String(status)))?.claim).toBe(claim)
})

test('what a retry gets after a run in doubt is what the layer does', async () => {
  for (const abandoned of ['rerun', 'hold'] as const) {
    const row = failureTable(settingsOf({ abandoned })).find(({ handler }) => handler === 'throws anything else')
    let fails = true
    const handler = idempotent(
      async () => {
        if (fails) throw new Error('lost')
        return { statusCode: 201 }
      },
      { store: memoryStore(), operation: 'payments', tenant: 'single-tenant', abandoned },
    )
    const send = () => handler(payment('order-1', { amount: 1 }) as never, contextWith())
    await expect(send()).rejects.toThrow('lost')
    fails = false
    const retry = answered(await send())
    const code: ErrorCode | undefined = retry.statusCode === 201 ? undefined : JSON.parse(retry.body).code
    expect(row?.retry).toBe(
      code === undefined ? 'a run at once, with the same payload' : `${ERRORS[code].status} \`${code}\``,
    )
  }
})

test.each<[string, Options, string]>([
  ['a window', {}, '409 `outcome-unknown`'],
  ['a window under reconcile', { abandoned: ASKED }, 'what your reconcile function decides'],
])('what a retry gets after a run in doubt ends with %s', (_, options, past) => {
  const rows = failureTable(settingsOf({ ...options, rerunWithinSeconds: 60 }))
  const retry = `for 60 s a run at once, with the same payload, after that ${past}`
  expect(rows.find(({ handler }) => handler === 'throws anything else')?.retry).toBe(retry)
})

test('a code is in the document only if the options can cause it', () => {
  const codes = (options: Options): string => {
    const settings = settingsOf(options)
    return JSON.stringify(
      (openApiOf(settings, factsOf(settings)) as { components: { responses: object } }).components.responses,
    )
  }
  expect(codes({})).toContain('key-missing')
  expect(codes({ missingKey: 'pass' })).not.toContain('key-missing')
  expect(codes({})).not.toContain('outcome-pending')
  expect(codes({ abandoned: ASKED })).toContain('outcome-pending')
  expect(codes({ problem: () => ({ statusCode: 418 }) })).not.toContain('application/problem+json')
})

describe('the command', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lambda-once-policy-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const config = (name: string, text: string): string => {
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, text)
    return file
  }
  const held = () =>
    config(
      'held',
      `export const options = { operation: 'payments', tenant: () => 'acme', abandoned: 'hold', timeoutEarlyInMillis: 5 }`,
    )

  test('prints Markdown tables of the module', async () => {
    const { status, out } = await command(['policy', '--config', held()])
    expect(status).toBe(0)
    expect(out).toContain('# The operation payments')
    expect(out).toContain('| in progress, without a lease or past it | `outcome-unknown`: 409 |')
    expect(out).toContain('| throws anything else | abandoned | the error | 409 `outcome-unknown` |')
  })

  test('says what happens before a row holds: a wait for the other run, a look into an earlier table', async () => {
    const waiting = config(
      'waiting',
      `export default { operation: 'p', tenant: () => 'acme', inProgress: { waitSeconds: 5 },
        predecessor: { lookInto: () => async () => {} } }`,
    )
    const { out } = await command(['policy', '--config', waiting])
    expect(out).toContain('A conflict is answered after a wait of up to 5 s for the other run.')
    expect(out).toContain('Before a run the earlier table is read, and what it has is replayed.')
    const { json } = await command(['policy', '--config', waiting, '--json'])
    expect(json).toMatchObject({ waitSeconds: 5, predecessor: true })
  })

  test('prints the same as JSON, and with --json', async () => {
    const printed = await command(['policy', '--config', held(), '--format', 'json'])
    expect(printed.json).toMatchObject({ operation: 'payments', abandoned: 'hold', retentionSeconds: 86_400 })
    expect((await command(['policy', '--config', held(), '--json'])).json).toEqual(printed.json)
  })

  test('prints OpenAPI, whose extension is the JSON', async () => {
    const { json } = await command(['policy', '--config', held(), '--format', 'openapi'])
    const facts = (await command(['policy', '--config', held(), '--format', 'json'])).json
    expect(json).toMatchObject({
      openapi: '3.1.0',
      components: {
        pathItems: { Idempotent: { post: { 'x-idempotency': facts }, patch: { 'x-idempotency': facts } } },
      },
    })
    expect((await new Validator().validate(json as Record<string, unknown>)).valid).toBe(true)
  })

  test.each([
    ['without a module', undefined, 'name the module with your options'],
    ['without a tenant', `export const options = { operation: 'payments' }`, 'option "tenant" is missing'],
    [
      'with options that exclude each other',
      `export default { operation: 'p', tenant: 'single-tenant', abandoned: 'hold', rerunWithinSeconds: 60 }`,
      'rerunWithinSeconds',
    ],
    ['without options', 'export const other = 1', 'has no options'],
  ])('is wrong usage %s', async (name, text, message) => {
    const flags = text === undefined ? [] : ['--config', config(name.replaceAll(' ', '-'), text)]
    expect(await command(['policy', ...flags])).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining(message),
    })
  })
})
