import { setTimeout as sleep } from 'node:timers/promises'
import { aPayment, asTold, openOffice, recordOf } from '../kills/office.ts'
import { type Answer, type Effects, effectsOf, type Office, partOf } from '../kills/payer.ts'
import { killVictims, startVictim } from '../kills/victim-process.ts'
import { type Fault, faultProxy } from '../support/fault-proxy.ts'
import { type Place, STEPS, type StepName, stepPayer } from './step-payer.ts'
import type { StepOrder } from './step-victim.ts'

/** How many processes start at the same time. Each takes a second of a core. */
const SIDE_BY_SIDE = 4

/** Remaining time of an invocation, in milliseconds: enough for three steps on a busy machine. */
const REMAINING = 3_000

/** Where the process is killed: at a place in its code, or while the network holds its nth checkpoint. */
type Death =
  | { readonly place: Place; readonly nth?: number }
  | { readonly checkpoint: number; readonly arrives: boolean }

interface Case {
  readonly name: string
  readonly death: Death
  readonly stops: readonly StepName[]
  /** How often each step has run in the end. */
  readonly runs: readonly [number, number, number]
  /** The step that a person has to decide. */
  readonly isStopped: boolean
}

/** Each step has run once, and those that the killed process began without keeping them have run twice. */
const runsWith = (twice: readonly StepName[]): Case['runs'] =>
  STEPS.map((name) => (twice.includes(name) ? 2 : 1)) as unknown as Case['runs']

const aroundStep = (name: StepName, index: number): readonly Case[] => {
  const nth = index + 1
  const plain = (where: string, death: Death, twice: readonly StepName[]): Case => ({
    name: `${where} ${name}`,
    death,
    stops: [],
    runs: runsWith(twice),
    isStopped: false,
  })
  return [
    plain('before the effect of', { place: `before-${name}` }, []),
    plain('after the effect of', { place: `after-${name}` }, [name]),
    plain('before the checkpoint of', { place: 'before-checkpoint', nth }, [name]),
    plain('while the network loses the checkpoint of', { checkpoint: nth, arrives: false }, [name]),
    plain('while the database applies the checkpoint of', { checkpoint: nth, arrives: true }, []),
    plain('after the checkpoint of', { place: 'after-checkpoint', nth }, []),
  ]
}

const aroundRun: readonly Case[] = (['before-handler', 'after-handler', 'before-settle', 'after-settle'] as const).map(
  (place) => ({ name: place, death: { place }, stops: [], runs: runsWith([]), isStopped: false }),
)

/** The second step must not run twice: its mark is the second checkpoint, and its result the third. */
const STOPS: readonly StepName[] = ['charge']
const stopped = (name: string, death: Death, charges: 0 | 1): Case => ({
  name: `${name}, which must not run twice,`,
  death,
  stops: STOPS,
  runs: [1, charges, 0],
  isStopped: true,
})
const went = (name: string, death: Death): Case => ({
  name: `${name}, which must not run twice,`,
  death,
  stops: STOPS,
  runs: [1, 1, 1],
  isStopped: false,
})

const aroundStop: readonly Case[] = [
  went('before the mark of charge', { place: 'before-checkpoint', nth: 2 }),
  went('while the network loses the mark of charge', { checkpoint: 2, arrives: false }),
  stopped('while the database applies the mark of charge', { checkpoint: 2, arrives: true }, 0),
  stopped('after the mark of charge', { place: 'after-checkpoint', nth: 2 }, 0),
  stopped('before the effect of charge', { place: 'before-charge' }, 0),
  stopped('after the effect of charge', { place: 'after-charge' }, 1),
  stopped('before the checkpoint of charge', { place: 'before-checkpoint', nth: 3 }, 1),
  stopped('while the network loses the checkpoint of charge', { checkpoint: 3, arrives: false }, 1),
  went('while the database applies the checkpoint of charge', { checkpoint: 3, arrives: true }),
  went('after the checkpoint of charge', { place: 'after-checkpoint', nth: 3 }),
]

const CASES: readonly Case[] = [...STEPS.flatMap(aroundStep), ...aroundRun, ...aroundStop]

interface Story {
  readonly killedBy: NodeJS.Signals | null
  readonly second: Answer
  readonly third: Answer
  readonly effects: readonly Effects[]
  readonly generation: number | undefined
}

const PROGRAM = new URL('./step-victim.ts', import.meta.url)

const killed = async (order: StepOrder, death: Death): Promise<NodeJS.Signals | null> => {
  if ('place' in death) return startVictim({ ...order, ...death }, { program: PROGRAM }).ended
  const proxy = await faultProxy()
  const office = { ...order.office, endpoint: proxy.endpoint }
  const victim = startVictim({ ...order, office }, { program: PROGRAM })
  const first = async () => {
    victim.child.kill('SIGKILL')
    await victim.ended
  }
  // The sender is dead, so there is no answer. A reset of its connection would keep libuv from ending.
  const fault: Fault = { first, apply: death.arrives ? 'late' : 'never', answer: 'silent' }
  proxy.script({ step: 'checkpoint', nth: death.checkpoint, fault })
  const signal = await victim.ended
  while (death.arrives && (await proxy.deliver()).length === 0) await sleep(10)
  await proxy.close()
  return signal
}

const play = async (office: Office, { death, stops }: Case): Promise<Story> => {
  const payment = aPayment({ remaining: REMAINING })
  const killedBy = await killed({ office, payment, stops }, death)
  const retry = stepPayer(office, stops)
  await asTold(await retry(payment))
  const second = await retry(payment)
  const third = await retry(payment)
  const effects = await Promise.all(STEPS.map((name) => effectsOf(office, partOf(payment.key, name))))
  return { killedBy, second, third, effects, generation: (await recordOf(office, payment))?.generation }
}

/** All at once would be too many processes. This limits their starts, but their waits still overlap. */
const playAll = async (office: Office): Promise<ReadonlyMap<Case, Story>> => {
  const stories = new Map<Case, Story>()
  const waiting = [...CASES]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      stories.set(next, await play(office, next))
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  return stories
}

const shown = (answer: Answer): string => {
  if ('value' in answer) return String(answer.value)
  return 'code' in answer ? answer.code : answer.error
}

let stories: ReadonlyMap<Case, Story>
let passed = 0

beforeAll(async () => {
  stories = await playAll((await openOffice())())
}, 300_000)

afterAll(() => {
  killVictims()
  console.info(`kill points around steps passed ${passed} of ${CASES.length}`)
})

describe('I12 A process that pays in three steps, and is killed', () => {
  test.each(CASES)('$name: kept steps never run again, the others do, and each has one downstream key', (asked) => {
    const story = stories.get(asked)
    if (story === undefined) throw new Error('No process was killed')
    expect(story.killedBy).toBe('SIGKILL')
    expect(story.effects.map(({ runs }) => runs)).toEqual(asked.runs)
    expect(story.effects.map(({ downstreamKeys }) => downstreamKeys)).toEqual(
      asked.runs.map((runs) => (runs > 0 ? 1 : 0)),
    )
    const outcome = asked.isStopped ? 'outcome-unknown' : 'reserve done,charge done,notify done'
    expect([shown(story.second), shown(story.third)]).toEqual([outcome, outcome])
    expect(story.generation).toBe(1)
    passed++
  })
})
