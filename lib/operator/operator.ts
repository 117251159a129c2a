import { randomUUID } from 'node:crypto'
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { aboutRecord, createEmitter, type Observer, type OperatorAct } from '../core/events.ts'
import type { RecordKey } from '../core/identity/record-key.ts'
import { DEFAULT_SKEW_SECONDS, MAX_ITEM_BYTES, WRITE_UNIT_BYTES } from '../core/limits.ts'
import { aFunction, checkOptions, isObject, type Rule } from '../core/option-rules.ts'
import type { StoredRecord } from '../core/record/record.ts'
import { systemRuntime } from '../core/runtime.ts'
import { type EpochMillis, fromSeconds } from '../core/time.ts'
import { isConditionFailure } from '../dynamodb/faults.ts'
import { fromItem, type Item, keyOf } from '../dynamodb/item.ts'
import { itemSize } from '../dynamodb/item-size.ts'
import { TABLE_RULES, type TableKeys, type TableOptions } from '../dynamodb/table-options.ts'
import {
  type ActOptions,
  type ActRefused,
  type ActTerms,
  type Decided,
  decideApprove,
  decideExtend,
  decidePropose,
  decideRelease,
  decideSettle,
  decideWithdraw,
  type ExtendOptions,
  type ProposeOptions,
  type ReleaseOptions,
  type SettleOptions,
} from './acts.ts'
import { hasEntry } from './audit.ts'
import { changeInput, entryOf } from './change-input.ts'
import { awaited, type DecideStepOptions, decideStep } from './decide-step.ts'
import { operatorFault } from './faults.ts'
import { type ListOptions, type Page, pageOf, scanInput } from './list.ts'
import { awaitedAnswer } from './operator-answer.ts'
import { type OverrideRule, readOverrideRule, SETTINGS_KEY } from './table-settings.ts'
import { sizeOf, type TableSize } from './table-size.ts'

export interface OperatorOptions extends TableOptions {
  /** Who acts, for the audit trail and for overrides, such as an ARN or an e-mail address: 1 to 200 characters. */
  readonly by: string
  /**
   * Your own `DynamoDBClient`.
   *
   * @default a client with the SDK's defaults, which take the credentials and the Region of your environment
   */
  readonly client?: Pick<DynamoDBClient, 'send'> | undefined
  /** Gets the event `operated` for each act that is written. @default none */
  readonly observe?: Observer | undefined
  /**
   * Asked before each write, after the act was found to be possible. If it answers `false`, nothing is written.
   *
   * @default every possible act is written
   */
  readonly confirm?: ((act: OperatorAct, seen: StoredRecord) => boolean | Promise<boolean>) | undefined
  /** The clock, in epoch milliseconds. For tests only. @default the system's clock */
  readonly now?: (() => EpochMillis) | undefined
}

/** How an act ended. */
export type ActResult =
  /** Written. `record` is the record now. */
  | { readonly kind: 'done'; readonly record: StoredRecord }
  /** The record has changed since it was looked at, so nothing was written. `record` is the record now. */
  | { readonly kind: 'moved'; readonly record: StoredRecord | undefined }
  /** `confirm` answered `false`, so nothing was written. */
  | { readonly kind: 'declined' }
  | ActRefused

/**
 * What a person can do to a record. Each act names the record as it was looked at: if the record has changed since,
 * nothing is written. It writes a new token, which fences a late owner, and an entry of the audit trail.
 */
export interface Operator {
  /** Reads the record with strong consistency. */
  find(recordKey: RecordKey): Promise<StoredRecord | undefined>
  /** Scans the table: each page reads up to 1 MB of it, and is charged for that. */
  list(options: ListOptions): Promise<Page>
  /** How large the table is, and what scanning all of it costs. DynamoDB counts every six hours. */
  size(): Promise<TableSize>
  /** The effect happened: every retry gets this answer. */
  settle(seen: StoredRecord, options: SettleOptions): Promise<ActResult>
  /** Nothing was done: the next request runs, with new downstream keys. */
  release(seen: StoredRecord, options: ReleaseOptions): Promise<ActResult>
  /** One step in doubt: it was done, and this is its result; or it may run again, with the same downstream key. */
  decideStep(seen: StoredRecord, options: DecideStepOptions): Promise<ActResult>
  /** Keeps a settled record longer. */
  extend(seen: StoredRecord, options: ExtendOptions): Promise<ActResult>
  /** Proposes that one other payload may use the key, once. Another person approves it. */
  propose(seen: StoredRecord, options: ProposeOptions): Promise<ActResult>
  approve(seen: StoredRecord, options: ActOptions): Promise<ActResult>
  withdraw(seen: StoredRecord, options: ActOptions): Promise<ActResult>
  /** Who may approve, as the stack of the table says. */
  overrideRule(): Promise<OverrideRule>
}

/** More than all other attributes of a settled record take, and the act's own entry in the audit trail. */
const BESIDE_BYTES = 4_096

/** The table has the names of a record. */
const AS_GIVEN: Pick<TableKeys, 'prefix' | 'renamed' | 'restored'> = {
  prefix: '',
  renamed: (input) => input,
  restored: (answer) => answer,
}

const someone: Rule = (value) =>
  typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value) && value.trim() !== ''
    ? undefined
    : 'must be 1 to 200 characters of printable ASCII: who acts'

const aClient: Rule = (value) =>
  isObject(value) && typeof value.send === 'function' ? undefined : 'must be a DynamoDBClient'

/**
 * Acts on the records of one table, with the credentials of a person. Throws `OptionError` at construction for an option
 * that cannot be right. Its calls throw `store-unavailable` or `store-misconfigured`.
 *
 * @example
 * const operator = tableOperator({ tableName, by: 'alice@example.com' })
 * const record = await operator.find(deriveRecordKey({ operation: 'payments', tenant, key }))
 * if (record) await operator.release(record, { reason: 'The provider has no charge' })
 */
export const tableOperator = (options: OperatorOptions): Operator => {
  checkOptions('tableOperator(options)', options, {
    ...TABLE_RULES,
    by: { required: true, rule: someone },
    client: { rule: aClient },
    observe: { rule: aFunction },
    confirm: { rule: aFunction },
    now: { rule: aFunction },
  })
  const { by, confirm, skewSeconds = DEFAULT_SKEW_SECONDS, client = new DynamoDBClient({}) } = options
  const { now = systemRuntime.now, keys } = options
  const { renamed, restored, prefix } = keys ?? AS_GIVEN
  const tableName = options.tableName as string
  const emit = createEmitter(options.observe)

  const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      throw operatorFault(error, tableName)
    }
  }

  const read = (key: Item): Promise<Item | undefined> =>
    asking(async () => {
      const input = renamed({ TableName: tableName, Key: key, ConsistentRead: true })
      const { Item: item } = await restored(client.send(new GetItemCommand(input)))
      return item
    })

  const find = async (recordKey: RecordKey): Promise<StoredRecord | undefined> => {
    const item = await read(keyOf(recordKey))
    return item && fromItem(item)
  }

  const overrideRule = async (): Promise<OverrideRule> => readOverrideRule(await read(SETTINGS_KEY))

  const termsFor = (record: StoredRecord): ActTerms => ({
    now: now(),
    skew: fromSeconds(skewSeconds),
    by,
    room: {
      besideBytes: BESIDE_BYTES + itemSize(keyOf(record.recordKey)) + Buffer.byteLength(record.audit ?? ''),
      unitBytes: WRITE_UNIT_BYTES,
      maxBytes: MAX_ITEM_BYTES,
    },
  })

  const act = async (seen: StoredRecord, decided: Decided, terms: ActTerms): Promise<ActResult> => {
    if (decided.kind === 'refused') return decided
    if (confirm !== undefined && !(await confirm(decided.change.act, seen))) return { kind: 'declined' }
    const token = `operator-${randomUUID()}`
    const wanted = { seen, token, change: decided.change, by, now: terms.now }
    const input = changeInput(tableName, wanted)
    try {
      const { Attributes = {} } = await restored(client.send(new UpdateItemCommand(renamed(input))))
      return done(seen, decided, fromItem(Attributes))
    } catch (error) {
      if (!isConditionFailure(error)) throw operatorFault(error, tableName)
      const record = error.Item ? fromItem(error.Item) : undefined
      // The client has sent the write twice, and the first send was applied. Others may have written since: then the trail
      // has the entry.
      return record !== undefined && (record.claimToken === token || hasEntry(record, entryOf(wanted)))
        ? done(seen, decided, record)
        : { kind: 'moved', record }
    }
  }

  const done = (
    { recordKey }: StoredRecord,
    { change }: Extract<Decided, { kind: 'change' }>,
    record: StoredRecord,
  ): ActResult => {
    emit(() => ({ type: 'operated', ...aboutRecord(recordKey), act: change.act, by }))
    return { kind: 'done', record }
  }

  const withReason = async (
    seen: StoredRecord,
    { reason }: ActOptions,
    decide: (terms: ActTerms) => Decided | Promise<Decided>,
  ): Promise<ActResult> => {
    if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 500)
      return { kind: 'refused', rule: 'the reason must be 1 to 500 characters, for the audit trail' }
    const terms = termsFor(seen)
    return act(seen, await decide(terms), terms)
  }

  return {
    find,
    overrideRule,

    list: (wanted) =>
      asking(async () => {
        const input = renamed(scanInput(tableName, wanted, { now: now(), skewSeconds, prefix }))
        return pageOf(await restored(client.send(new ScanCommand(input))))
      }),

    size: () => asking(async () => sizeOf(await client.send(new DescribeTableCommand({ TableName: tableName })))),

    settle: async (seen, given) => {
      const answer = await awaitedAnswer(given.answer)
      return withReason(seen, given, (terms) => decideSettle(seen, { ...given, answer }, terms))
    },
    release: (seen, given) => withReason(seen, given, (terms) => decideRelease(seen, given, terms)),
    decideStep: async (seen, given) => {
      const decision = await awaited(given.decision)
      return withReason(seen, given, (terms) => decideStep(seen, { ...given, decision }, terms))
    },
    extend: (seen, given) => withReason(seen, given, (terms) => decideExtend(seen, given, terms)),
    propose: (seen, given) =>
      withReason(seen, given, async (terms) => decidePropose(seen, given, terms, await overrideRule())),
    approve: (seen, given) =>
      withReason(seen, given, async (terms) => decideApprove(seen, given, terms, await overrideRule())),
    withdraw: (seen, given) => withReason(seen, given, () => decideWithdraw(seen, given)),
  }
}
