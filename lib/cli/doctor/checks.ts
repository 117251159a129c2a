import { DEFAULT_SKEW_SECONDS } from '../../core/limits.ts'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../../dynamodb/item.ts'
import type { OverrideRule } from '../../operator/index.ts'
import { type Check, of, type Verdict } from './check.ts'
import { PERMISSION_CHECKS } from './permission-checks.ts'
import { WORKER_CHECKS } from './worker-checks.ts'

const TABLE_CHECKS: readonly Check[] = [
  {
    id: 'key-schema',
    what: "the table's key",
    how: 'DescribeTable',
    meaning: 'With another key every request fails with 500 store-misconfigured.',
    remedy: `Use a table with the String partition key ${PARTITION_KEY} and no sort key, or name its keys with --keys.`,
    judge: ({ table, keys: { partition = PARTITION_KEY, sort } }) =>
      of(table, ({ KeySchema = [], AttributeDefinitions = [] }) => {
        const wanted = [partition, ...(sort === undefined ? [] : [sort.name])]
        const given = KeySchema.map(({ AttributeName }) => AttributeName)
        const isText = (name: string): boolean =>
          AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType === 'S'
        const fits = given.join() === wanted.join() && wanted.every(isText)
        return { verdict: fits ? 'ok' : 'bad', finding: `the key is ${given.join(', ')}` }
      }),
  },
  {
    id: 'ttl',
    what: 'TTL of the table',
    how: 'DescribeTimeToLive',
    meaning:
      'Without TTL on this attribute expired records are never deleted, and the table grows. Answers stay right.',
    remedy: `Enable TTL on the attribute ${TTL_ATTRIBUTE}, or the one that --keys names.`,
    judge: ({ ttlAttribute, keys }) =>
      of(ttlAttribute, (attribute) => ({
        verdict: attribute === (keys.ttlAttribute ?? TTL_ATTRIBUTE) ? 'ok' : 'warn',
        finding: attribute === undefined ? 'TTL is off' : `TTL is on ${attribute}`,
      })),
  },
  {
    id: 'point-in-time-recovery',
    what: 'backups of the table',
    how: 'DescribeContinuousBackups',
    meaning: 'Without it a deleted or damaged table is lost, and every retry of the last day runs again.',
    remedy: 'Enable point-in-time recovery.',
    judge: ({ pointInTimeRecovery }) =>
      of(pointInTimeRecovery, (isOn) => ({ verdict: isOn ? 'ok' : 'warn', finding: isOn ? 'on' : 'off' })),
  },
  {
    id: 'deletion-protection',
    what: "the table's protection",
    how: 'DescribeTable',
    meaning: 'Without it one call deletes the table, and every retry runs again.',
    remedy: 'Enable deletion protection.',
    judge: ({ table }) =>
      of(table, ({ DeletionProtectionEnabled: isOn = false }) => ({
        verdict: isOn ? 'ok' : 'warn',
        finding: isOn ? 'on' : 'off',
      })),
  },
  {
    id: 'replicas',
    what: 'copies in other Regions',
    how: 'DescribeTable',
    meaning: 'A conditional write is decided in one Region only, so two Regions can both run the same request.',
    remedy: 'Remove the replicas, or send all writes of the layer to one Region.',
    judge: ({ table }) =>
      of(table, ({ Replicas = [] }) => ({
        verdict: Replicas.length === 0 ? 'ok' : 'bad',
        finding: Replicas.length === 0 ? 'none' : `in ${Replicas.map(({ RegionName }) => RegionName).join(', ')}`,
      })),
  },
  {
    id: 'clock',
    what: "this computer's clock",
    how: "the Date header of DynamoDB's answer",
    meaning: "This computer's clock decides what inspect calls live, abandoned and expired, and when an act ends.",
    remedy: 'Synchronise the clock of this computer.',
    judge: ({ clockAheadMillis }) =>
      of(clockAheadMillis, (ahead) => ({
        verdict: Math.abs(ahead) <= DEFAULT_SKEW_SECONDS * 1_000 ? 'ok' : 'bad',
        finding: `${Math.abs(ahead / 1_000).toFixed(1)} s ${ahead < 0 ? 'behind' : 'ahead of'} the store's`,
      })),
  },
  {
    id: 'overrides',
    what: 'the rule for overrides',
    how: 'GetItem of #settings',
    meaning: 'Who may let another payload use a key. With one-person there is no review.',
    remedy: "Set IdempotencyTable({ overrides: 'two-people' }).",
    judge: ({ overrides }) => of(overrides, (rule) => ({ verdict: OVERRIDES[rule], finding: rule })),
  },
]

const OVERRIDES: Readonly<Record<OverrideRule, Verdict>> = { 'two-people': 'ok', 'one-person': 'warn', off: 'ok' }

/** All rows, in the order of docs/operating.md. */
export const CHECKS: readonly Check[] = [...TABLE_CHECKS, ...PERMISSION_CHECKS, ...WORKER_CHECKS]
