import { epochMillis } from '../../lib/core/time.ts'
import { aPayment, asTold, openOffice, recordOf } from './office.ts'
import {
  type Answer,
  type Asking,
  type Effects,
  effectsOf,
  type Office,
  type Payment,
  payer,
  questionsOf,
  shown,
} from './payer.ts'
import { kill } from './place.ts'
import { CASES, type Case, type Expected, SCENARIOS, type Scenario } from './question-rows.ts'
import { killVictims } from './victim-process.ts'

/** How many processes start at the same time. Each takes a second of a core. */
const SIDE_BY_SIDE = 4

/** Remaining time of an invocation, in milliseconds: enough for a question, which ends a second before. */
const REMAINING = 4_000

/** How long ago the owner of an old record began. */
const HOUR = 3_600_000

interface Story {
  readonly killedBy: NodeJS.Signals | null
  readonly otherPayload: string
  readonly ended: Expected & Pick<Effects, 'downstreamKeys'>
  readonly status: string | undefined
  /** The database's answer to what arrived after the retry; `undefined`: nothing was late. */
  readonly late: number | undefined
  readonly lateChanged: boolean
}

/** The owner's effect is in doubt: it throws after it, or before it. */
const abandon = async (office: Office, payment: Payment, { hadEffect, isOld }: Scenario): Promise<void> => {
  const boom = () => {
    throw new Error('boom')
  }
  const owner = payer('the owner', office, {
    ...(hadEffect ? { afterEffect: boom } : { beforeEffect: boom }),
    ...(isOld === true ? { now: () => epochMillis(Date.now() - HOUR) } : {}),
  })
  expect(await owner(payment)).toEqual({ error: 'Error: boom' })
}

type Killed = Awaited<ReturnType<typeof killOne>>

const killOne = async (office: Office, { said, place }: Case) => {
  const payment = aPayment({ remaining: REMAINING })
  await abandon(office, payment, SCENARIOS[said])
  return { office, payment, ...(await kill(office, payment, place)) }
}

/** Retries as a well-behaved client does. Then what is late arrives, and the client retries once more. */
const retryAfter = async ({ office, payment, killedBy, arrive }: Killed): Promise<Story> => {
  const retry = payer('a retry', office)
  const atOnce = await retry(payment)
  const otherPayload = await retry({ ...payment, payload: '999 EUR' })
  await asTold(atOnce)
  const afterTheLease = await retry(payment)
  const before = await recordOf(office, payment)
  const late = await arrive()
  const lateChanged = JSON.stringify(await recordOf(office, payment)) !== JSON.stringify(before)
  await asTold(afterTheLease)
  const third = await payer('a third', { ...office, abandoned: { ask: 'lookUp' } })(payment)
  const record = await recordOf(office, payment)
  return {
    killedBy,
    otherPayload: shown(otherPayload),
    ended: {
      ...(await effectsOf(office, payment.key)),
      ...(await questionsOf(office, payment.key)),
      ...inWords({ atOnce, afterTheLease, third }),
      attempt: record?.attempt ?? 0,
      generation: record?.generation ?? 0,
    },
    status: record?.status,
    late,
    lateChanged,
  }
}

const inWords = ({ atOnce, afterTheLease, third }: Readonly<Record<'atOnce' | 'afterTheLease' | 'third', Answer>>) => ({
  atOnce: shown(atOnce),
  afterTheLease: shown(afterTheLease),
  third: shown(third),
})

/** All at once would be dozens of processes. This limits their starts. The waits of the retries overlap. */
const tellAll = async (offices: (asking: Asking) => Office): Promise<ReadonlyMap<Case, Promise<Story>>> => {
  const stories = new Map<Case, Promise<Story>>()
  const waiting = [...CASES]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const killed = killOne(offices(SCENARIOS[next.said].asking), next)
      const story = killed.then(retryAfter)
      story.catch(() => {}) // its test reports it
      stories.set(next, story)
      await Promise.allSettled([killed])
    }
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
  await Promise.allSettled(stories.values())
  return stories
}

let stories: ReadonlyMap<Case, Promise<Story>>
let passed = 0

beforeAll(async () => {
  stories = await tellAll(await openOffice())
}, 300_000)

afterAll(() => {
  killVictims()
  console.info(`kill points around questions passed ${passed} of ${CASES.length}`)
})

describe('I7 A process that is killed while it reconciles', () => {
  test.each(CASES)(
    'I7 $where ($said): its retries ask again, or run in the generation that is stored',
    async (asked) => {
      const story = await stories.get(asked)
      if (story === undefined) throw new Error('No process was killed')
      expect(story.killedBy).toBe('SIGKILL')
      // C12: never two effects under different keys
      expect(story.ended).toEqual({ ...asked.expected, downstreamKeys: 1 })
      expect(story.status).toBe('SUCCEEDED')
      expect(story.otherPayload).toBe('key-reused') // I8: without a question
      expect(story.late).toBe('inFlight' in asked.place && asked.place.arrives === 'late' ? 400 : undefined)
      expect(story.lateChanged).toBe(false)
      passed++
    },
  )
})
