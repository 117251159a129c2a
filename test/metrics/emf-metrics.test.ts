import type { IdempotencyEvent } from '../../lib/core/events.ts'
import { aboutRecord } from '../../lib/core/events.ts'
import { deriveRecordKey } from '../../lib/core/identity/record-key.ts'
import { millis } from '../../lib/core/time.ts'
import { once } from '../../lib/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { type EmfMetricsOptions, emfMetrics } from '../../lib/metrics/index.ts'

const recordKey = deriveRecordKey({ operation: 'payments', tenant: 'm1', key: 'k1' })
const about = aboutRecord(recordKey)
const ofAttempt = { ...about, attempt: 1, generation: 1 }

const published = (event: IdempotencyEvent, options: EmfMetricsOptions = {}) => {
  const lines: string[] = []
  emfMetrics({ ...options, write: (line) => lines.push(line) })(event)
  return lines.map((line) => JSON.parse(line))
}

const COUNTED: readonly IdempotencyEvent[] = [
  { type: 'replayed', ...about },
  { type: 'conflicted', ...about, retryAfterSeconds: 3 },
  { type: 'outcomeUnknown', ...about },
  { type: 'mismatched', ...about },
  { type: 'completed', ...ofAttempt, status: 'SUCCEEDED', replayable: true },
  { type: 'released', ...ofAttempt, lastError: 'NotDoneError' },
  { type: 'abandoned', ...ofAttempt },
  { type: 'lost', ...ofAttempt, gone: false },
  { type: 'unstored', ...ofAttempt },
  { type: 'skipped', operation: 'payments', reason: 'no-key' },
  { type: 'storeFailed', ...about, step: 'claim', error: 'TimeoutError' },
]

test.each(COUNTED.map((event) => [event.type, event] as const))('%s is counted by operation', (type, event) => {
  const [line] = published(event)
  expect(line._aws.CloudWatchMetrics).toEqual([
    { Namespace: 'LambdaOnce', Dimensions: [['operation']], Metrics: [{ Name: type, Unit: 'Count' }] },
  ])
  expect(line[type]).toBe(1)
  expect(line.operation).toBe('payments')
})

test.each(['claimed', 'tookOver'] as const)('%s also has the time that the claim took', (type) => {
  const won = { ...ofAttempt, claimMillis: millis(12) }
  const [line] = published(type === 'claimed' ? { type, ...won } : { type, ...won, reason: 'abandoned' })
  expect(line._aws.CloudWatchMetrics[0].Metrics).toEqual([
    { Name: type, Unit: 'Count' },
    { Name: 'claimLatency', Unit: 'Milliseconds' },
  ])
  expect(line).toMatchObject({ [type]: 1, claimLatency: 12 })
})

test('a clock that steps back during the claim causes no negative latency', () => {
  expect(published({ type: 'claimed', ...ofAttempt, claimMillis: millis(-5) })[0].claimLatency).toBe(0)
})

test('a line contains the rest of the event, so that the records behind a number can be found', () => {
  const [line] = published({ type: 'storeFailed', ...about, step: 'settle', error: 'TimeoutError' })
  expect(line).toMatchObject({ recordKey, step: 'settle', error: 'TimeoutError' })
})

test('namespace and dimensions can be set', () => {
  const [line] = published(
    { type: 'replayed', ...about },
    { namespace: 'Shop/Idempotency', dimensions: { stage: 'prod' } },
  )
  expect(line._aws.CloudWatchMetrics[0]).toMatchObject({
    Namespace: 'Shop/Idempotency',
    Dimensions: [['operation', 'stage']],
  })
  expect(line.stage).toBe('prod')
})

test('a line follows the embedded metric format specification', () => {
  const before = Date.now()
  const [line] = published({ type: 'claimed', ...ofAttempt, claimMillis: millis(1) })
  expect(line._aws.Timestamp).toBeGreaterThanOrEqual(before)
  expect(line._aws.Timestamp).toBeLessThanOrEqual(Date.now())
  for (const { Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
    for (const name of Dimensions.flat()) expect(typeof line[name]).toBe('string')
    for (const { Name } of Metrics) expect(Number.isFinite(line[Name])).toBe(true)
  }
})

test.each<[string, object, RegExp]>([
  ['a namespace of AWS', { namespace: 'AWS/Lambda' }, /"namespace" is "AWS\/Lambda"; it must be 1 to 255 characters/],
  ['an empty namespace', { namespace: '' }, /"namespace"/],
  ['a dimension that replaces the operation', { dimensions: { operation: 'x' } }, /must not have the name "operation"/],
  [
    'a dimension that replaces a member of the event',
    { dimensions: { status: 'x' } },
    /must not have the name "status"/,
  ],
  ['a dimension with the name of a metric', { dimensions: { claimed: 'x' } }, /must not have the name "claimed"/],
  ['an empty dimension', { dimensions: { stage: '' } }, /"dimensions"/],
  ['a ninth dimension', { dimensions: Object.fromEntries([...'123456789'].map((n) => [`d${n}`, n])) }, /at most 8/],
  ['an unknown option', { namspace: 'x' }, /"namspace" is not known/],
])('%s is refused', (_what, options, message) => {
  expect(() => emfMetrics(options)).toThrow(message)
})

test('lines go directly to the standard output, each with a line break', () => {
  const lines: unknown[] = []
  const { write } = process.stdout
  process.stdout.write = (line: unknown) => lines.push(line) > 0
  try {
    emfMetrics()({ type: 'replayed', ...about })
  } finally {
    process.stdout.write = write
  }
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/)])
})

test('G1: a first call and its replay are counted, and no line contains the key, payload or answer', async () => {
  const lines: string[] = []
  const guarded = once({
    store: memoryStore(),
    operation: 'payments',
    observe: emfMetrics({ write: (line) => lines.push(line) }),
  })
  const request = { key: 'canary-key', tenant: 'canary-tenant', payload: { card: 'canary-payload' } }
  for (let call = 0; call < 2; call++) await guarded(request, async () => 'canary-answer')

  expect(lines.map((line) => JSON.parse(line).type)).toEqual(['claimed', 'completed', 'replayed'])
  expect(JSON.parse(lines[0] ?? '').claimLatency).toBeGreaterThanOrEqual(0)
  expect(lines.join('')).not.toContain('canary')
})
