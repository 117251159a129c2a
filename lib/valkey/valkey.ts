import type { SecondLevel } from '../cached/second-level.ts'
import { checkOptions, integerBetween, isObject, OptionError, type Rule } from '../core/option-rules.ts'
import { systemRuntime } from '../core/runtime.ts'
import { decodeEntry, encodeEntry } from './entry.ts'

/** The calls of `iovalkey` and `ioredis` that {@link valkey} makes. */
export interface ValkeyClient {
  getBuffer(key: string): Promise<Buffer | null>
  set(key: string, value: Buffer, unit: 'PX', milliseconds: number): Promise<unknown>
  del(key: string): Promise<unknown>
}

export interface ValkeyOptions {
  /**
   * A secret of 32 to 1,000 characters, which all your functions share: each entry is signed with it, and an entry that was
   * not is not read. Or the literal `'unsigned'`: then whoever can write to the server can choose what a retry gets.
   */
  readonly sign: string
  /**
   * Is put in front of each key, and signed: 1 to 200 characters. Give each table its own prefix, such as its name: an
   * operation of another service or stage may have the same keys.
   */
  readonly prefix: string
  /**
   * How long an entry is kept, in seconds: 1 to 86,400, and never longer than its record. If a person changes a settled
   * record by hand, retries may get the old answer for so long.
   *
   * @default 900 (15 minutes)
   */
  readonly keepSeconds?: number | undefined
}

/** Larger entries are left to the store: they would push out many others. */
const MAX_ENTRY_BYTES = 512_000

const MIN_SECRET_LENGTH = 32
const MAX_SECRET_LENGTH = 1_000
const DEFAULT_KEEP_SECONDS = 900
const MAX_KEEP_SECONDS = 86_400

const WHERE = 'valkey(client, options)'

/**
 * Keeps settled outcomes in Valkey or Redis, so that a retry that reaches another process is replayed without a call to the
 * store. Pass it to `cached(store, { second })`. It keeps no claims, and no promise depends on it: if it is down, slow or
 * empty, the store answers.
 *
 * `client` is an `iovalkey` or `ioredis` client. Set its `maxRetriesPerRequest` and `enableOfflineQueue: false`, so that it
 * does not collect calls while the server is down.
 *
 * Throws `OptionError` at once for options that cannot be right.
 *
 * @example
 * const second = valkey(new Valkey(process.env.VALKEY_URL), { sign: process.env.CACHE_SECRET, prefix: 'payments-prod:' })
 * const store = cached(dynamoDbStore({ tableName: process.env.IDEMPOTENCY_TABLE }), { second })
 */
export const valkey = (client: ValkeyClient, options: ValkeyOptions): SecondLevel => {
  if (!isClient(client)) throw new OptionError(WHERE, 'client', 'must be a client with getBuffer, set and del')
  const { secret, prefix, keepSeconds } = readValkeySettings(options)
  return {
    get: async (recordKey) => {
      const entry = await client.getBuffer(prefix + recordKey)
      return entry === null ? undefined : decodeEntry(recordKey, entry, secret)
    },
    set: async (record) => {
      const milliseconds = Math.min(keepSeconds * 1_000, record.expiresAt - systemRuntime.now())
      const entry = encodeEntry(record, secret)
      if (milliseconds > 0 && entry.length <= MAX_ENTRY_BYTES)
        await client.set(prefix + record.recordKey, entry, 'PX', milliseconds)
    },
    forget: async (recordKey) => {
      await client.del(prefix + recordKey)
    },
  }
}

/** {@link ValkeyOptions}, checked, with defaults. */
interface ValkeySettings {
  readonly secret: string | undefined
  readonly prefix: string
  readonly keepSeconds: number
}

export const readValkeySettings = (options: ValkeyOptions): ValkeySettings => {
  checkOptions(WHERE, options, {
    sign: { required: true, secret: true, rule: aSecret },
    prefix: { required: true, rule: aPrefix },
    keepSeconds: { rule: integerBetween(1, MAX_KEEP_SECONDS) },
  })
  const { sign, prefix, keepSeconds = DEFAULT_KEEP_SECONDS } = options
  return { secret: sign === 'unsigned' ? undefined : `${sign}\n${prefix}`, prefix, keepSeconds }
}

const isClient = (value: unknown): value is ValkeyClient =>
  isObject(value) && ['getBuffer', 'set', 'del'].every((name) => typeof value[name] === 'function')

const aSecret: Rule = (value) =>
  value === 'unsigned' ||
  (typeof value === 'string' && value.length >= MIN_SECRET_LENGTH && value.length <= MAX_SECRET_LENGTH)
    ? undefined
    : `must be a secret of ${MIN_SECRET_LENGTH} to ${MAX_SECRET_LENGTH} characters, or "unsigned"`

const aPrefix: Rule = (value) =>
  typeof value === 'string' && /^.{1,200}$/u.test(value) ? undefined : 'must be 1 to 200 characters'
