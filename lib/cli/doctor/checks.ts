import { DEFAULT_SKEW_SECONDS } from '../../core/limits.ts'
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../../dynamodb/item.ts'
import type { OverrideRule } from '../../operator/index.ts'
import type { Fact, TableFacts } from './facts.ts'

/** `bad`: the layer does not work, or does not protect. `warn`: it does, and something is missing. */
export type Verdict = 'ok' | 'warn' | 'bad' | 'unknown'

interface Judged {
  readonly verdict: Verdict
  readonly finding: string
}

/** One row of the table of findings. docs/operating.md shows the same rows. */
export interface Check {
  readonly id: string
  /** What it means if the check fails. */
  readonly meaning: string
  readonly remedy: string
  readonly judge: (facts: TableFacts) => Judged
}

export const CHECKS: readonly Check[] = [
  {
    id: 'key-schema',
    meaning: 'With another key every request fails with 500 store-misconfigured.',
    remedy: `Use a table with the String partition key ${PARTITION_KEY} and no sort key.`,
    judge: ({ table: { KeySchema = [], AttributeDefinitions = [] } }) => {
      const type = AttributeDefinitions.find(({ AttributeName }) => AttributeName === PARTITION_KEY)?.AttributeType
      const keys = KeySchema.map(({ AttributeName }) => AttributeName).join(', ')
      return { verdict: keys === PARTITION_KEY && type === 'S' ? 'ok' : 'bad', finding: `the key is ${keys}` }
    },
  },
  {
    id: 'ttl',
    meaning:
      'Without TTL on this attribute expired records are never deleted, and the table grows. Answers stay right.',
    remedy: `Enable TTL on the attribute ${TTL_ATTRIBUTE}.`,
    judge: ({ ttlAttribute }) =>
      of(ttlAttribute, (attribute) => ({
        verdict: attribute === TTL_ATTRIBUTE ? 'ok' : 'warn',
        finding: attribute === undefined ? 'TTL is off' : `TTL is on ${attribute}`,
      })),
  },
  {
    id: 'point-in-time-recovery',
    meaning: 'Without it a deleted or damaged table is lost, and every retry of the last day runs again.',
    remedy: 'Enable point-in-time recovery.',
    judge: ({ pointInTimeRecovery }) =>
      of(pointInTimeRecovery, (isOn) => ({ verdict: isOn ? 'ok' : 'warn', finding: isOn ? 'on' : 'off' })),
  },
  {
    id: 'deletion-protection',
    meaning: 'Without it one call deletes the table, and every retry runs again.',
    remedy: 'Enable deletion protection.',
    judge: ({ table: { DeletionProtectionEnabled: isOn = false } }) => ({
      verdict: isOn ? 'ok' : 'warn',
      finding: isOn ? 'on' : 'off',
    }),
  },
  {
    id: 'replicas',
    meaning: 'A conditional write is decided in one Region only, so two Regions can both run the same request.',
    remedy: 'Remove the replicas, or send all writes of the layer to one Region.',
    judge: ({ table: { Replicas = [] } }) => ({
      verdict: Replicas.length === 0 ? 'ok' : 'bad',
      finding: Replicas.length === 0 ? 'none' : `in ${Replicas.map(({ RegionName }) => RegionName).join(', ')}`,
    }),
  },
  {
    id: 'clock',
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
    meaning: 'Who may let another payload use a key. With one-person there is no review.',
    remedy: "Set IdempotencyTable({ overrides: 'two-people' }).",
    judge: ({ overrides }) => of(overrides, (rule) => ({ verdict: OVERRIDES[rule], finding: rule })),
  },
]

const OVERRIDES: Readonly<Record<OverrideRule, Verdict>> = { 'two-people': 'ok', 'one-person': 'warn', off: 'ok' }

const of = <T>(fact: Fact<T>, judge: (value: T) => Judged): Judged =>
  fact.kind === 'known' ? judge(fact.value) : { verdict: 'unknown', finding: fact.why }
