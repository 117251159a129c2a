import { element, setText } from '../../../lib/cli/page/browser/element.js'

/** Shows what the example did, and what the provider charged. */
export const showLedger = (check, container, ledger) => {
  setText(check, ledger.check)
  container.replaceChildren(
    tableOf('Charged by the provider', ['Charge', 'Paid with', 'Amount'], ledger.charges.map(chargeCells)),
    tableOf('Payments in our table', ['Payment', 'Its charge', 'Amount'], ledger.payments.map(paymentCells)),
    tableOf('Stock reserved', ['SKU', 'Orders', 'Quantity'], ledger.stock.map(stockCells)),
  )
}

const chargeCells = ({ id, source, status, amount, currency }) => [
  short(id),
  source,
  status === 'failed' ? 'declined' : money(amount, currency),
]
const paymentCells = ({ id, chargeId, amount, currency }) => [short(id), short(chargeId), money(amount, currency)]
const stockCells = ({ sku, orders, quantity }) => [sku, `${orders}`, `${quantity}`]

/** The beginning is enough to tell ids apart. */
const short = (id) => id.slice(0, 11)

const money = (amount, currency) => `${(amount / 100).toFixed(2)} ${currency}`

/** The last column is of numbers. */
const tableOf = (caption, header, rows) =>
  element(
    'table',
    {},
    element('caption', {}, caption),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        header.map((name, at) => cell('th', name, at === header.length - 1, 'col')),
      ),
    ),
    element('tbody', {}, rows.length === 0 ? noRow(header) : rows.map((row) => element('tr', {}, cellsOf(row)))),
  )

const cellsOf = (row) => row.map((text, at) => cell('td', text, at === row.length - 1))

const cell = (name, text, isNumber, scope) => element(name, { class: isNumber ? 'number' : undefined, scope }, text)

const noRow = (header) => element('tr', {}, element('td', { colspan: header.length, class: 'empty' }, 'none yet'))
