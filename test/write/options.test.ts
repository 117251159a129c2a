import { OptionError } from '../../lib/core/option-rules.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { idempotentWrite, onceWrite, sqsWriteHandler } from '../../lib/write/index.ts'
import { rowsUnder } from '../support/doc-tables.ts'

const store = memoryStore()
const plan = () => ({ answer: 1 })

interface Entry {
  readonly where: string
  readonly build: (options: object, plan?: unknown) => unknown
  readonly required: object
  /** Options of the entry with claims that mean nothing here, with a value that is right there. */
  readonly refused: Readonly<Record<string, unknown>>
  readonly taken: object
}

const OF_CLAIMS = {
  heartbeat: { leaseSeconds: 30 },
  storeDown: 'reject',
  unstored: 'answer',
  predecessor: { lookInto: () => undefined },
}
const COMMON = { retentionSeconds: 2_000, abandoned: 'rerun', rerunWithinSeconds: 60, observe: () => {} }

const ENTRIES: readonly Entry[] = [
  {
    where: 'idempotentWrite(plan, options)',
    build: (options, given = plan) => idempotentWrite(given as never, options as never),
    required: { store, operation: 'orders', tenant: 'single-tenant' },
    refused: {
      ...OF_CLAIMS,
      missingKey: 'reject',
      inProgress: 'reject',
      outcomes: () => 'complete',
      otherEvents: 'reject',
    },
    taken: {
      ...COMMON,
      methods: ['PUT'],
      likelyReplay: () => false,
      key: { header: 'strict' },
      docsUrl: 'https://a.example/errors',
    },
  },
  {
    where: 'onceWrite(options)',
    build: (options) => onceWrite(options as never),
    required: { store, operation: 'orders' },
    refused: { ...OF_CLAIMS, inProgress: 'reject' },
    taken: COMMON,
  },
  {
    where: 'sqsWriteHandler(plan, options)',
    build: (options, given = plan) => sqsWriteHandler(given as never, options as never),
    required: { store, operation: 'orders', tenant: 'single-tenant', key: () => 'k' },
    refused: { ...OF_CLAIMS, maxRuns: 3 },
    taken: { ...COMMON, concurrency: 5, marginSeconds: 1 },
  },
]

const errorOf = (build: () => unknown): unknown => {
  try {
    build()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each(ENTRIES)('$where', ({ where, build, required, refused, taken }) => {
  test('takes the options that mean something to it', () => {
    expect(errorOf(() => build({ ...required, ...taken }))).toBeUndefined()
  })

  test.each(Object.entries(refused))('refuses %s, and says why', (option, value) => {
    const error = errorOf(() => build({ ...required, [option]: value })) as OptionError
    expect(error).toBeInstanceOf(OptionError)
    expect(error.option).toBe(option)
    expect(error.message.startsWith(`${where}: option "${option}" is `)).toBe(true)
    expect(error.message).toMatch(/; it must be absent: \w/)
    expect(errorOf(() => build({ ...required, [option]: undefined }))).toBeUndefined()
  })

  test('refuses an option that is not known', () => {
    const message = (errorOf(() => build({ ...required, retries: 3 })) as OptionError).message
    expect(message).toMatch(/option "retries" is not known; the options are store, /)
    for (const option of Object.keys(refused)) expect(message).not.toContain(option)
  })

  test.each(Object.keys(required))('refuses to be made without %s', (option) => {
    const error = errorOf(() => build({ ...required, [option]: undefined })) as OptionError
    expect(error.option).toBe(option)
  })

  test('refuses a window under hold', () => {
    const options = { ...required, abandoned: 'hold', rerunWithinSeconds: 60 }
    expect((errorOf(() => build(options)) as OptionError).option).toBe('rerunWithinSeconds')
  })

  test('under hold is made', () => {
    expect(errorOf(() => build({ ...required, abandoned: 'hold' }))).toBeUndefined()
  })
})

test.each([ENTRIES[0], ENTRIES[2]])('$where refuses a plan that is no function', (entry) => {
  const error = errorOf(() => entry?.build(entry.required, { answer: 1 })) as OptionError
  expect([error.option, error.message]).toEqual(['plan', `${entry?.where}: option "plan" must be a function`])
})

test('docs/options.md lists each refused option, with the reason that the message gives', () => {
  const refusals = ENTRIES.flatMap(({ build, required, refused }) =>
    Object.entries(refused).map(([option, value]) => {
      const { message } = errorOf(() => build({ ...required, [option]: value })) as OptionError
      return [`\`${option}\``, message.split('a one-shot write ').pop()] as const
    }),
  )
  const rows = rowsUnder('docs/options.md', 'One-shot writes', 'option')
  expect(Object.fromEntries(rows.map((row) => [row.option, row['because a one-shot write']]))).toEqual(
    Object.fromEntries(refusals),
  )
})
