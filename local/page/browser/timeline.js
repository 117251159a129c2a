import { element } from '../../../lib/cli/page/browser/element.js'

/** How often a lane that goes on is drawn. */
const DRAW_MILLIS = 200

/** Earlier clicks whose lanes are still shown. */
const EARLIER_GROUPS = 5

/** A shorter axis would make much of a millisecond. */
const LEAST_AXIS_MILLIS = 20

/** Draws lanes, and goes on drawing while one of them goes on. */
export const createTimelineView = (container, earlier) => {
  let lanes = new Map()
  let timer

  const draw = () => {
    const groups = Map.groupBy(lanes.values(), ({ group }) => group)
    const [newest, ...others] = [...groups.keys()].sort((a, b) => b - a)
    container.replaceChildren(groupOf(groups.get(newest)))
    const shown = others.slice(0, EARLIER_GROUPS).map((group) => groupOf(groups.get(group)))
    earlier.querySelector('div').replaceChildren(...shown)
    earlier.hidden = shown.length === 0
    clearTimeout(timer)
    if ([...lanes.values()].some(({ to }) => to === undefined)) timer = setTimeout(draw, DRAW_MILLIS)
  }

  return {
    replace: (all) => {
      lanes = new Map(all.map((lane) => [lane.id, lane]))
      if (all.length > 0) draw()
    },
    put: (lane) => {
      lanes.set(lane.id, lane)
      draw()
    },
    /** The idempotency key that met this record. */
    keyOf: (recordKey) => [...lanes.values()].find((lane) => lane.recordKey === recordKey && lane.key)?.key,
  }
}

const groupOf = (lanes) => {
  const now = Date.now()
  const from = Math.min(...lanes.map((lane) => lane.from))
  const to = Math.max(...lanes.map((lane) => lane.to ?? now))
  const axis = { from, length: Math.max(to - from, LEAST_AXIS_MILLIS), now }
  const count = lanes.length === 1 ? '1 invocation' : `${lanes.length} invocations`
  return element(
    'section',
    { class: 'group' },
    element('h3', {}, `${new Date(from).toLocaleTimeString()} · ${count} in ${spanWords(to - from)}`),
    element('div', { class: 'axis', 'aria-hidden': 'true' }, ticksOf(axis)),
    element(
      'ol',
      {},
      lanes.map((lane) => laneOf(lane, axis)),
    ),
  )
}

const laneOf = ({ title, key, bars, steps, end, from, to }, axis) =>
  element(
    'li',
    { class: 'lane' },
    element('p', { class: 'who' }, element('span', { class: 'name' }, title), ' ', element('span', {}, key ?? '')),
    element(
      'div',
      {},
      element(
        'div',
        { class: 'track', 'aria-hidden': 'true' },
        bars.map((bar) => barOf(bar, axis)),
      ),
      element(
        'p',
        { class: 'words' },
        element('span', { class: `badge tone-${end?.tone ?? 'none'}` }, end?.text ?? 'running'),
        ` ${[...steps, `${to === undefined ? 'so far' : 'in all'} ${spanWords((to ?? axis.now) - from)}`].join(' → ')}`,
      ),
    ),
  )

const barOf = ({ kind, from, to }, { from: start, length, now }) => {
  const end = to ?? now
  const bar = element('span', { class: `bar bar-${kind}`, title: `${kind}: ${spanWords(end - from)}` })
  bar.style.left = `${percent(from - start, length)}%`
  bar.style.width = `${percent(end - from, length)}%`
  return bar
}

const percent = (part, whole) => Math.max(0, Math.min(100, (part / whole) * 100)).toFixed(2)

/** At most five, at round numbers. */
const ticksOf = ({ length }) => {
  const step = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].find((one) => length / one <= 5) ?? 20_000
  const ticks = element('div', { class: 'ticks' })
  // The last tick leaves room for its words.
  for (let at = 0; at <= length * 0.9; at += step) {
    const tick = element('span', {}, spanWords(at))
    tick.style.left = `${percent(at, length)}%`
    ticks.append(tick)
  }
  return ticks
}

const spanWords = (millis) => (millis < 1_000 ? `${millis} ms` : `${(millis / 1_000).toFixed(1)} s`)
