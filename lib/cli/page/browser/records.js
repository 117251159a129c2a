import { element } from './element.js'

/**
 * Shows records in a list. A record that is shown already is changed in its place: it stays open, and keeps the focus.
 * `nameOf` gives a record a shorter name.
 */
export const showRecords = (list, records, nameOf = () => undefined) => {
  const shown = new Map([...list.children].map((item) => [item.dataset.record, item]))
  const items = records.map((record) => {
    const item = shown.get(record.recordKey) ?? newItem(record)
    fill(item, record, nameOf(record.recordKey))
    return item
  })
  if (items.length !== list.children.length || items.some((item, at) => item !== list.children[at]))
    reorder(list, items)
}

/** Moving the element that has the focus would take the focus away. */
const reorder = (list, items) => {
  for (const item of [...list.children]) if (!items.includes(item)) item.remove()
  items.forEach((item, at) => {
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null)
  })
}

const newItem = ({ recordKey }) => {
  const item = element('li', { class: 'record' }, element('details', {}, element('summary'), element('div')))
  item.dataset.record = recordKey
  return item
}

const fill = (item, record, name) => {
  const drawn = JSON.stringify([record, name])
  if (item.dataset.drawn === drawn) return
  item.dataset.drawn = drawn
  item.querySelector('summary').replaceChildren(...summaryOf(record, name))
  item.querySelector('details > div').replaceChildren(...bodyOf(record))
}

const summaryOf = ({ recordKey, state, age, attempt, lease }, name) => [
  element('span', { class: `badge state-${state}` }, state),
  element('span', { class: 'name' }, name ?? recordKey),
  element(
    'span',
    { class: 'facts' },
    [`created ${age}`, `attempt ${attempt}`, ...(lease === undefined ? [] : [leaseWords(lease)])].join(' · '),
  ),
]

const leaseWords = (lease) => (lease.startsWith('in ') ? `lease ends ${lease}` : `lease ended ${lease}`)

const bodyOf = ({ rows, audit }) =>
  [
    element(
      'dl',
      {},
      rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
    ),
    audit.length > 0 && element('h4', {}, 'What persons did to it'),
    audit.length > 0 &&
      element(
        'ul',
        { class: 'audit' },
        audit.map((line) => element('li', {}, line)),
      ),
  ].filter((part) => part !== false)
