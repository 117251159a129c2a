import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duration, type Stack } from 'aws-cdk-lib'
import { Match } from 'aws-cdk-lib/assertions'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { IdempotencyAlarms, type IdempotencyAlarmsProps, IdempotencyTable } from '../../lib/cdk/index.ts'
import type { LayerMetric } from '../../lib/cdk/layer-metrics.ts'
import type { IdempotencyEvent } from '../../lib/core/events.ts'
import { emfMetrics } from '../../lib/metrics/index.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { refusal, synthesized } from './stack.ts'

const ALARM = 'AWS::CloudWatch::Alarm'

const alarms = (stack: Stack, props: Partial<IdempotencyAlarmsProps> = {}): IdempotencyAlarms =>
  new IdempotencyAlarms(stack, 'Alarms', {
    table: new IdempotencyTable(stack, 'T'),
    operations: ['payments'],
    ...props,
  })

test('with minimal props: six alarms for each operation, three for the table, and a dashboard', () => {
  const template = synthesized((stack) => alarms(stack))
  template.resourceCountIs(ALARM, 9)
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 1)
  for (const [MetricName, Threshold] of [
    ['lost', 1],
    ['unstored', 1],
    ['abandoned', 5],
    ['outcomeUnknown', 1],
    ['storeFailed', 5],
  ] as const) {
    template.hasResourceProperties(ALARM, {
      Namespace: 'LambdaOnce',
      MetricName,
      Dimensions: [{ Name: 'operation', Value: 'payments' }],
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: Match.absent(),
    })
  }
  template.hasResourceProperties(ALARM, {
    MetricName: 'claimLatency',
    ExtendedStatistic: 'p99',
    Threshold: 500,
    EvaluationPeriods: 3,
  })
  template.hasResourceProperties(ALARM, { MetricName: 'TransactionConflict', Namespace: 'AWS/DynamoDB', Threshold: 10 })
  for (const MetricName of ['ReadThrottleEvents', 'WriteThrottleEvents']) {
    template.hasResourceProperties(ALARM, { MetricName, Namespace: 'AWS/DynamoDB', Threshold: 1 })
  }
})

test('with maximal props', () => {
  const template = synthesized((stack) =>
    alarms(stack, {
      operations: ['payments', 'refunds'],
      deadLetterQueues: [new Queue(stack, 'Dead')],
      alarmActions: [new SnsAction(new Topic(stack, 'Oncall'))],
      namespace: 'Shop',
      lostThreshold: 2,
      unstoredThreshold: 3,
      abandonedThreshold: 4,
      outcomeUnknownThreshold: 5,
      storeFailedThreshold: 6,
      claimLatencyThreshold: Duration.seconds(1),
      throttlesThreshold: 7,
      transactionConflictsThreshold: 8,
      deadLettersThreshold: 9,
      dashboardName: 'shop',
    }),
  )
  template.resourceCountIs(ALARM, 16)
  template.allResourcesProperties(ALARM, { AlarmActions: [Match.anyValue()], OKActions: [Match.anyValue()] })
  const thresholds = Object.values(template.findResources(ALARM)).map(({ Properties }) => Properties.Threshold)
  expect(thresholds).toEqual([2, 3, 4, 5, 6, 1_000, 2, 3, 4, 5, 6, 1_000, 7, 7, 8, 9])
  template.hasResourceProperties(ALARM, { Namespace: 'Shop', Dimensions: [{ Name: 'operation', Value: 'refunds' }] })
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'shop' })
})

test('the dashboard shows what calls met, over time', () => {
  const template = synthesized((stack) => alarms(stack, { deadLetterQueues: [new Queue(stack, 'Dead')] }))
  const text = JSON.stringify(template.findResources('AWS::CloudWatch::Dashboard'))
  for (const label of ['first calls', 'replays', 'conflicts', 'mismatches', 'take-overs', 'Dead letters']) {
    expect(text).toContain(label)
  }
})

test('without a dashboard', () => {
  synthesized((stack) => alarms(stack, { dashboard: false })).resourceCountIs('AWS::CloudWatch::Dashboard', 0)
})

/** The descriptions of all alarms, with the name of the table in place of its reference. */
const descriptions = (props: Partial<IdempotencyAlarmsProps> = {}): readonly string[] => {
  const template = synthesized((stack) => alarms(stack, { deadLetterQueues: [new Queue(stack, 'Dead')], ...props }))
  return Object.values(template.findResources(ALARM)).map(({ Properties }) =>
    Properties.AlarmDescription['Fn::Join'][1]
      .map((part: unknown) => (typeof part === 'string' ? part : 'TABLE'))
      .join(''),
  )
}

test('each alarm names a section of docs/operating.md, its anchor, and the command to begin with', () => {
  const headings = [...readFileSync(join(ROOT, 'docs/operating.md'), 'utf8').matchAll(/^## (.*)$/gm)].map(
    ([, heading]) => heading,
  )
  const texts = descriptions()
  expect(texts).toHaveLength(10)
  for (const text of texts) {
    const [, heading, anchor, begin] =
      /What to do: "([^"]+)", docs\/operating\.md#([a-z-]+)\. Begin with: (.*)$/.exec(text) ?? []
    expect(headings).toContain(heading)
    expect(anchor).toBe(heading?.toLowerCase().replaceAll(' ', '-').replaceAll(':', ''))
    expect(begin).toMatch(/^npx lambda-once (inspect --record RECORD_KEY|list --state abandoned|doctor) --table TABLE$/)
  }
})

test('the runbooks may be on a page of your own', () => {
  for (const text of descriptions({ runbookPage: 'https://wiki.example.com/once' }))
    expect(text).toContain('https://wiki.example.com/once#runbook-')
})

test('a page that leaves no room in a description is refused', () => {
  expect(refusal((stack) => alarms(stack, { runbookPage: 'x'.repeat(401) }))).toContain(
    'runbookPage has 401 characters',
  )
})

test('an invalid operation is refused', () => {
  expect(refusal((stack) => alarms(stack, { operations: ['a b'] }))).toContain('operation is "a b"')
})

/** The metric names are the event types and the latency. A new event type fails to compile here. */
type Published = IdempotencyEvent['type'] | 'claimLatency'
const same: [Published] extends [LayerMetric] ? ([LayerMetric] extends [Published] ? true : never) : never = true

test('the alarms watch what the layer publishes: namespace, dimension, names', () => {
  expect(same).toBe(true)
  const lines: string[] = []
  emfMetrics({ write: (line) => lines.push(line) })({ type: 'skipped', operation: 'payments', reason: 'no-key' })
  const [published] = JSON.parse(lines[0] ?? '')._aws.CloudWatchMetrics
  synthesized((stack) => {
    const { metricStat } = alarms(stack).metric('payments', 'skipped').toMetricConfig()
    expect(metricStat?.namespace).toBe(published.Namespace)
    expect(metricStat?.dimensions?.map(({ name }) => name)).toEqual(published.Dimensions[0])
    expect(metricStat?.metricName).toBe(published.Metrics[0].Name)
  })
})
