import { element, setText } from '../../../lib/cli/page/browser/element.js'
import { showRecords } from '../../../lib/cli/page/browser/records.js'
import { ACTS, createDesk } from './acts.js'
import { meaningOf, nameOf, toneOf } from './answers.js'
import { showLedger } from './ledger.js'
import { createTimelineView } from './timeline.js'

const byId = (id) => document.getElementById(id)

const desk = createDesk()
const timeline = createTimelineView(byId('timeline'), byId('earlier'))

// The buttons

const journal = byId('journal')

/** As many as one still looks back at. */
const KEPT_ENTRIES = 5

const write = (entry) => {
  byId('nothing').hidden = true
  journal.prepend(entry)
  for (const old of [...journal.children].slice(KEPT_ENTRIES)) old.remove()
}

const answerItem = (answer, times) =>
  element(
    'li',
    {},
    times !== undefined && `${times} × `,
    element('span', { class: `badge tone-${toneOf(answer)}` }, nameOf(answer)),
    ` ${meaningOf(answer)}`,
  )

const answerIn = (name) => {
  const [code, said] = name.split(' ')
  return { code: Number(code), said }
}

/** Another answer, such as that of a store that cannot be reached, makes the advice wrong. */
const nextFor = ({ after, next }, { answers = [], counts = {} }) =>
  [...answers, ...Object.keys(counts).map(answerIn)].some(({ code }) => code === after) ? next : undefined

const entryOf = ({ name, next }, { answers = [], counts = {}, note }, subject) =>
  element(
    'li',
    {},
    element('h3', {}, `${name}: ${subject}`),
    note !== undefined && element('p', {}, note),
    element(
      'ul',
      {},
      answers.map((answer) => answerItem(answer)),
      Object.entries(counts)
        .sort()
        .map(([answer, times]) => answerItem(answerIn(answer), times)),
    ),
    next !== undefined && element('p', { class: 'next' }, next),
  )

const buttons = ACTS.map((act) => {
  const button = element('button', { type: 'button' }, act.name)
  const curl = element('pre')
  const shown = element(
    'li',
    { class: 'act' },
    button,
    element('p', {}, act.says),
    element('details', {}, element('summary', {}, 'as curl'), curl),
  )
  const last = element('a', { class: 'last', href: '#journal-title', hidden: '' })
  button.after(last)
  button.addEventListener('click', () => perform(act, button, last))
  return { act, button, curl, shown }
})
for (const group of new Set(ACTS.map((act) => act.group))) {
  const members = buttons.filter(({ act }) => act.group === group)
  byId('acts').append(
    element('h3', { class: 'acts-title' }, group),
    element(
      'ul',
      { class: 'acts' },
      members.map(({ shown }) => shown),
    ),
  )
}

/** A button that has nothing to repeat, or is at work, stays where it is, so that it keeps the focus. */
const refresh = () => {
  for (const { act, button, curl } of buttons) {
    const planned = desk.planned(act)
    const isBusy = button.dataset.busy !== undefined
    button.setAttribute('aria-disabled', String(planned === undefined || isBusy))
    setText(button, isBusy ? `${act.name} …` : act.name)
    setText(curl, planned === undefined ? 'Pay first: there is nothing to repeat yet.' : act.curl(planned))
  }
}

/** On a narrow screen the journal is far below the button. */
const tellAt = (last, { answers = [], counts = {} }) => {
  const told = [...answers, ...Object.keys(counts).map(answerIn)]
  last.replaceChildren(
    ...told.map((answer) => element('span', { class: `badge tone-${toneOf(answer)}` }, nameOf(answer))),
  )
  last.hidden = told.length === 0
}

const perform = async (act, button, last) => {
  if (button.getAttribute('aria-disabled') === 'true') return
  const request = desk.take(act)
  const subject = request.key ?? request.orderId
  button.dataset.busy = ''
  refresh()
  try {
    const done = await act.run(request)
    write(entryOf({ name: act.name, next: nextFor(act, done) }, done, subject))
    tellAt(last, done)
  } catch (error) {
    write(element('li', {}, element('h3', {}, `${act.name}: ${subject}`), `It failed: ${error.message}`))
  }
  delete button.dataset.busy
  refresh()
  look()
}

refresh()

// The records and the ledger

const [records, noRecords, ledger, check] = ['records', 'no-records', 'ledger', 'check'].map(byId)

/** A lease ends without an event. */
const AGAIN_MILLIS = 2_000

let looking = false
let again

const get = async (path) => (await fetch(path)).json()

/** Reads what there is. What happens during a look is seen by one more look. */
const look = async () => {
  again = true
  if (looking) return
  looking = true
  do {
    again = false
    try {
      const [listed, entries] = await Promise.all([get('records'), get('ledger')])
      showRecords(records, listed.records, timeline.keyOf)
      noRecords.hidden = listed.records.length > 0
      showLedger(check, ledger, entries)
    } catch {
      // The server has ended. The feed says so.
    }
  } while (again)
  looking = false
}

look()
setInterval(() => document.hidden || look(), AGAIN_MILLIS)

// The feed

const store = byId('store')
let shutUntil = 0

const tellStore = () => {
  const millis = shutUntil - Date.now()
  store.classList.toggle('down', millis > 0)
  setText(store, millis > 0 ? 'The store cannot be reached' : 'The store can be reached')
}

const feed = new EventSource('timeline')
feed.addEventListener('store', ({ data }) => {
  shutUntil = Date.now() + JSON.parse(data).shutForMillis
  tellStore()
})
feed.addEventListener('lanes', ({ data }) => timeline.replace(JSON.parse(data)))
feed.addEventListener('lane', ({ data }) => {
  const lane = JSON.parse(data)
  timeline.put(lane)
  if (lane.end !== undefined) look()
})
feed.addEventListener('error', () => {
  store.classList.add('down')
  setText(store, 'The server does not answer: start it again')
})
