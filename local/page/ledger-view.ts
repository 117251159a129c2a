import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { ORDERS_TABLE, PAYMENTS_TABLE } from '../example-api.ts'
import type { Charge } from '../provider/ledger.ts'

/** What the example has done: its own rows, and what the provider has charged. Newest first. */
export interface LedgerView {
  readonly payments: readonly PaymentLine[]
  readonly charges: readonly ChargeLine[]
  /** Reserved quantity of each SKU, and the orders that it is for. */
  readonly stock: readonly { readonly sku: string; readonly quantity: number; readonly orders: number }[]
  /** Whether the two sides agree, in words. */
  readonly check: string
}

interface Row {
  readonly id: string
}

interface PaymentRow extends Row {
  readonly createdAt: string
  readonly chargeId: string
  readonly amount: number
  readonly currency: string
}

type PaymentLine = Pick<PaymentRow, 'id' | 'chargeId' | 'amount' | 'currency' | 'createdAt'>
type ChargeLine = Pick<Charge, 'id' | 'amount' | 'currency' | 'source' | 'status' | 'createdAt'>

interface StockRow extends Row {
  readonly sku: string
  readonly quantity: number
}

/** More than one sees at a glance. */
const SHOWN_ROWS = 30

/** @param charges of the provider, oldest first */
export const ledgerView = async (client: DynamoDBClient, charges: readonly Charge[]): Promise<LedgerView> => {
  const [payments, reservations] = await Promise.all([
    rowsOf<PaymentRow>(client, PAYMENTS_TABLE, 'pay_'),
    rowsOf<StockRow>(client, ORDERS_TABLE, 'res_'),
  ])
  return {
    payments: newest(payments).map(({ id, chargeId, amount, currency, createdAt }) => ({
      id,
      chargeId,
      amount,
      currency,
      createdAt,
    })),
    charges: newest(charges).map(({ id, amount, currency, source, status, createdAt }) => ({
      id,
      amount,
      currency,
      source,
      status,
      createdAt,
    })),
    stock: stockOf(reservations),
    check: checkOf(payments, charges),
  }
}

const newest = <T extends { readonly createdAt: string }>(rows: readonly T[]): readonly T[] =>
  [...rows].sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, SHOWN_ROWS)

const stockOf = (reservations: readonly StockRow[]): LedgerView['stock'] => {
  const skus = [...new Set(reservations.map(({ sku }) => sku))].sort()
  return skus.map((sku) => {
    const of = reservations.filter((row) => row.sku === sku)
    return { sku, quantity: of.reduce((sum, { quantity }) => sum + quantity, 0), orders: of.length }
  })
}

const checkOf = (payments: readonly PaymentRow[], charges: readonly Charge[]): string => {
  const made = charges.filter(({ status }) => status === 'succeeded')
  const paid = new Set(payments.map(({ chargeId }) => chargeId))
  const open = made.filter(({ id }) => !paid.has(id)).length
  const twice = made.length - new Set(made.map(({ key }) => key)).size
  return [
    `${counted(made.length, 'charge')} at the provider, ${counted(payments.length, 'payment')} here.`,
    twice === 0 ? 'Nobody was charged twice.' : `${counted(twice, 'charge')} too many: a key was charged twice.`,
    ...(open === 0
      ? []
      : [
          `${counted(open, 'charge')} without a payment yet: the answer was lost, and a retry of the request completes it.`,
        ]),
  ].join(' ')
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** All rows whose id has this prefix: the example's tables are small on this machine. */
const rowsOf = async <TRow extends Row>(
  client: DynamoDBClient,
  TableName: string,
  prefix: string,
): Promise<readonly TRow[]> => {
  const rows: TRow[] = []
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true }))
    rows.push(...Items.map((item) => unmarshall(item) as TRow))
  return rows.filter(({ id }) => id.startsWith(prefix))
}
