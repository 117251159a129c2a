import { setText } from './element.js'
import { showRecords } from './records.js'

const byId = (id) => document.getElementById(id)
const [said, list, more] = [byId('said'), byId('records'), byId('more')]

/** What the next page of the list asks for. */
let going

const read = async (path, query) => {
  const response = await fetch(`${path}?${query}`)
  const answer = await response.json()
  if (response.ok) return answer
  throw new Error(answer.error.message)
}

/** Says what becomes of a question. */
const asking = async (ask) => {
  more.hidden = true
  setText(said, 'Asking …')
  try {
    setText(said, await ask())
  } catch (error) {
    showRecords(list, [])
    setText(said, `That failed: ${error.message}`)
  }
}

const listed = async (query) => {
  const { records, next, readUnits, scanned } = await read('records', query)
  showRecords(list, records)
  going = next === null ? undefined : new URLSearchParams({ ...Object.fromEntries(query), from: next })
  more.hidden = going === undefined
  const found = records.length === 1 ? '1 record' : `${records.length} records`
  const rest = going === undefined ? '' : ' There is more of the table.'
  return `${found} (${query.get('state')}), ${scanned} items read for ${readUnits} read units.${rest}`
}

const found = async (query) => {
  const { record, recordKey } = await read('record', query)
  showRecords(list, record === null ? [] : [record])
  list.querySelector('details')?.setAttribute('open', '')
  if (record !== null) return 'One record.'
  return (
    `There is no record ${recordKey}. No request with this key has arrived, or the record has expired. Or a part ` +
    "differs: the tenant, the route's template, the key without the quotes of its header."
  )
}

const onSubmit = (form, ask) =>
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const given = [...new FormData(form)].filter(([, value]) => value !== '')
    asking(() => ask(new URLSearchParams(given)))
  })

onSubmit(byId('list'), listed)
onSubmit(byId('find'), found)
more.addEventListener('click', () => asking(() => listed(going)))

read('table', '').then(
  ({ tableName, cost }) => {
    setText(byId('table'), tableName)
    setText(byId('cost'), cost)
    document.title = `${tableName} · lambda-once`
  },
  (error) => setText(byId('cost'), error.message),
)
