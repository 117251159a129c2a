import { jsonAnswer } from '../gateway/answer.ts'
import type { Ledger } from './ledger.ts'
import { invalid, kept, type Reply } from './reply.ts'
import type { Source } from './sources.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Executes a request. Called once for each key that the provider remembers. */
export type Operation = (key: string, fields: Fields) => Reply | Promise<Reply>

const AMOUNT_RULE = 'must be a positive integer, in minor units such as cents'

/** `POST /charges`. */
export const chargeOperation =
  (ledger: Ledger, sources: ReadonlyMap<unknown, Source>): Operation =>
  (key, { amount, currency, source: name, reference }) => {
    if (!isAmount(amount)) return invalid('amount', amount, AMOUNT_RULE)
    if (!isCurrency(currency)) return invalid('currency', currency, 'must be three capital letters such as "EUR"')
    if (!isReference(reference)) return invalid('reference', reference, 'must be text')
    const source = sources.get(name)
    if (source === undefined) return invalid('source', name, `must be one of ${[...sources.keys()].join(', ')}`)
    const wanted = { key, amount, currency, source: String(name), reference }
    return source({ key, source: wanted.source, make: (status) => ledger.charge({ ...wanted, status }) })
  }

/** `POST /refunds`. */
export const refundOperation =
  (ledger: Ledger): Operation =>
  (key, { charge, amount }) => {
    const left = ledger.refundable(charge)
    if (typeof charge !== 'string' || left === undefined) return invalid('charge', charge, 'must be the id of a charge')
    if (!isAmount(amount)) return invalid('amount', amount, AMOUNT_RULE)
    if (amount > left) return invalid('amount', amount, `must be at most ${left}, which is what is left of the charge`)
    return kept(jsonAnswer(201, ledger.refund({ key, charge, amount })))
  }

const isAmount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0

const isCurrency = (value: unknown): value is string => typeof value === 'string' && /^[A-Z]{3}$/.test(value)

const isReference = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'
