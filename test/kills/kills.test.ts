import { aPayment, asTold, openOffice, recordOf } from './office.ts'
import { type Answer, type Effects, effectsOf, type Office, payer, shown } from './payer.ts'
import { kill, type Place } from './place.ts'
import { killVictims } from './victim-process.ts'

/** How many processes start at the same time. Each takes a second of a core. */
const SIDE_BY_SIDE = 4

interface Expected {
  readonly atOnce: string
  readonly afterTheLease: string
  readonly third: string
  readonly runs: number
}

const ran = (by: 'the victim' | 'a retry', how: 'created' | 'replayed') => `paid by ${by} (${how})`

/** No request has reached the store. */
const UNKNOWN_TO_THE_STORE: Expected = {
  atOnce: ran('a retry', 'created'),
  afterTheLease: ran('a retry', 'replayed'),
  third: ran('a retry', 'replayed'),
  runs: 1,
}

/** The record is in progress. Only the downstream knows whether the effect has happened. */
const abandoned = (policy: 'rerun' | 'hold', runsOfTheVictim: 0 | 1): Expected =>
  policy === 'rerun'
    ? {
        atOnce: 'in-progress',
        afterTheLease: ran('a retry', 'created'),
        third: ran('a retry', 'replayed'),
        runs: runsOfTheVictim + 1,
      }
    : {
        atOnce: 'in-progress',
        afterTheLease: 'outcome-unknown',
        third: 'outcome-unknown',
        runs: runsOfTheVictim,
      }

const DONE: Expected = {
  atOnce: ran('the victim', 'replayed'),
  afterTheLease: ran('the victim', 'replayed'),
  third: ran('the victim', 'replayed'),
  runs: 1,
}

type Row = readonly [string, Place, (policy: 'rerun' | 'hold') => Expected]

const PLACES: readonly Row[] = [
  ['before the claim', { point: 'before-claim' }, () => UNKNOWN_TO_THE_STORE],
  ['while its claim is lost on the way', { inFlight: 'claim', arrives: false }, () => UNKNOWN_TO_THE_STORE],
  ['while its claim is applied', { inFlight: 'claim', arrives: true }, (policy) => abandoned(policy, 0)],
  ['after the claim', { point: 'after-claim' }, (policy) => abandoned(policy, 0)],
  ['before the handler', { point: 'before-handler' }, (policy) => abandoned(policy, 0)],
  ['in the handler, before the effect', { point: 'before-effect' }, (policy) => abandoned(policy, 0)],
  ['in the handler, after the effect', { point: 'after-effect' }, (policy) => abandoned(policy, 1)],
  ['after the handler', { point: 'after-handler' }, (policy) => abandoned(policy, 1)],
  ['before the completion', { point: 'before-settle' }, (policy) => abandoned(policy, 1)],
  [
    'while its completion is lost on the way',
    { inFlight: 'complete', arrives: false },
    (policy) => abandoned(policy, 1),
  ],
  ['while its completion is applied', { inFlight: 'complete', arrives: true }, () => DONE],
  ['after the completion', { point: 'after-settle' }, () => DONE],
]

const CASES = PLACES.flatMap(([name, place, expected]) =>
  (['rerun', 'hold'] as const).map((policy) => ({ name, place, policy, expected: expected(policy) })),
)
type Case = (typeof CASES)[number]

interface Story {
  readonly killedBy: NodeJS.Signals | null
  readonly atOnce: Answer
  readonly otherPayload: Answer
  readonly afterTheLease: Answer
  readonly third: Answer
  readonly effects: Effects
  readonly attempt: number | undefined
  readonly generation: number | undefined
}

const play = async (office: Office, place: Place): Promise<Story> => {
  const payment = aPayment()
  const { killedBy } = await kill(office, payment, place)
  const retry = payer('a retry', office)
  const atOnce = await retry(payment)
  const otherPayload = await retry({ ...payment, payload: '999 EUR' })
  await asTold(atOnce)
  const afterTheLease = await retry(payment)
  const third = await retry(payment)
  const record = await recordOf(office, payment)
  return {
    killedBy,
    atOnce,
    otherPayload,
    afterTheLease,
    third,
    effects: await effectsOf(office, payment.key),
    attempt: record?.attempt,
    generation: record?.generation,
  }
}

/** All at once would be two dozen processes. This limits their starts, but their waits still overlap. */
const tellAll = async (offices: (policy: 'rerun' | 'hold') => Office): Promise<ReadonlyMap<Case, Story>> => {
  const stories = new Map<Case, Story>()
  const waiting = [...CASES]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      stories.set(next, await play(offices(next.policy), next.place))
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  return stories
}

let stories: ReadonlyMap<Case, Story>
let passed = 0

beforeAll(async () => {
  stories = await tellAll(await openOffice())
}, 180_000)

afterAll(() => {
  killVictims()
  console.info(`kill points passed ${passed} of ${CASES.length}`)
})

describe('C8 A process that is killed', () => {
  test.each(CASES)('C8 $name: its retries get what the protocol says ($policy)', (asked) => {
    const { atOnce, afterTheLease, third, runs } = asked.expected
    const story = stories.get(asked)
    if (story === undefined) throw new Error('No process was killed')
    expect(story.killedBy).toBe('SIGKILL')
    expect({
      atOnce: shown(story.atOnce),
      afterTheLease: shown(story.afterTheLease),
      third: shown(story.third),
      runs: story.effects.runs,
    }).toEqual({ atOnce, afterTheLease, third, runs })
    expect(shown(story.otherPayload)).toBe('key-reused') // E3, C4: in every state of the record
    expect(story.effects.downstreamKeys).toBe(runs === 0 ? 0 : 1) // C12: the downstream sees one payment
    expect(story.generation).toBe(1)
    expect(story.attempt).toBe(atOnce === 'in-progress' && asked.policy === 'rerun' ? 2 : 1)
    passed++
  })
})
