import { setTimeout as sleep } from 'node:timers/promises'
import { aPayment, openOffice, recordOf } from './office.ts'
import { type Answer, effectsOf, type Office, type Payment, payer } from './payer.ts'
import { fakeTimeMissing, killVictims, startVictim } from './victim-process.ts'

/** The default skew: how much the layer allows a host's clock to be off. */
const SKEW_SECONDS = 2
const LOOK_EVERY = 100

const missing = fakeTimeMissing()
if (missing !== undefined) console.warn(`clocks: not run: ${missing}`)
const onOtherClocks = missing === undefined ? test.concurrent : test.skip

let office: Office
beforeAll(async () => {
  office = (await openOffice(SKEW_SECONDS))()
})
afterAll(killVictims)

/** Starts an owner with a wrong clock. It stays in its handler until it gets a message. */
const ownerOff = async (clockOff: number, payment: Payment) => {
  const owner = startVictim({ office, payment, stays: true }, { clockOff })
  await owner.inHandler()
  return owner
}

/** Another process with the right time tries repeatedly. */
const tryFor = async (millis: number, payment: Payment): Promise<readonly Answer[]> => {
  const contender = payer('the contender', office)
  const answers: Answer[] = []
  for (const end = Date.now() + millis; Date.now() < end; await sleep(LOOK_EVERY)) {
    answers.push(await contender(payment))
  }
  return answers
}

/** Every success answer is the stored one, including that of a later call. */
const expectOneOutcome = async (payment: Payment, answers: readonly Answer[]): Promise<void> => {
  const last = await payer('a later call', office)(payment)
  expect(last).toMatchObject({ status: 'replayed' })
  const values = [...answers, last].flatMap((answer) => ('value' in answer ? [answer.value] : []))
  expect(new Set(values).size).toBe(1)
  const stories = answers.map((answer) =>
    'code' in answer ? answer.code : 'value' in answer ? 'a success' : answer.error,
  )
  expect(['a success', 'in-progress']).toEqual(expect.arrayContaining([...new Set(stories)]))
  expect(await recordOf(office, payment)).toMatchObject({ status: 'SUCCEEDED', generation: 1 })
}

describe('B3 The clock of an owner is off', () => {
  for (const clockOff of [1, -1]) {
    onOtherClocks(
      `B3 by ${clockOff} s, which is within the skew: no other process takes over its live claim`,
      async () => {
        const payment = aPayment({ remaining: 3_000 })
        const owner = await ownerOff(clockOff, payment)
        // Less than its remaining time, so it is on time by its own clock.
        const refused = await tryFor(1_500, payment)
        expect(refused.length).toBeGreaterThan(3)
        for (const answer of refused) expect(answer).toMatchObject({ code: 'in-progress' })
        owner.leave()
        const answer = await owner.answer()
        expect(answer).toEqual({ value: 'paid by the victim', status: 'created' })
        await expectOneOutcome(payment, [answer])
        expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
      },
      40_000,
    )
  }

  for (const clockOff of [-10, -3_600]) {
    onOtherClocks(
      `B3 by ${clockOff} s: its lease ends too early, two processes run, and one outcome is stored`,
      async () => {
        const payment = aPayment({ remaining: 3_000 })
        const owner = await ownerOff(clockOff, payment)
        const answers = await tryFor(1_000, payment)
        owner.leave()
        const late = await owner.answer()
        expect(answers[0]).toEqual({ value: 'paid by the contender', status: 'created' })
        expect(late).toEqual({ value: 'paid by the contender', status: 'replayed' })
        await expectOneOutcome(payment, [...answers, late])
        expect(await effectsOf(office, payment.key)).toEqual({ runs: 2, downstreamKeys: 1 })
      },
      40_000,
    )
  }

  for (const clockOff of [10, 3_600]) {
    onOtherClocks(
      `B3 by +${clockOff} s: its lease lasts too long, which only costs time`,
      async () => {
        const payment = aPayment({ remaining: 1_000 })
        const owner = await ownerOff(clockOff, payment)
        const answers = await tryFor(5_500, payment) // longer than the intended lease and the skew
        for (const answer of answers) expect(answer).toMatchObject({ code: 'in-progress' })
        owner.leave()
        const answer = await owner.answer()
        await expectOneOutcome(payment, [...answers, answer])
        expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
      },
      40_000,
    )
  }
})

describe('B3 The clock of a contender is off', () => {
  for (const clockOff of [1, -1, 10, -10, 3_600, -3_600]) {
    onOtherClocks(
      `B3 by ${clockOff} s: it judges by the store’s time, and takes over no live claim`,
      async () => {
        const payment = aPayment({ remaining: 30_000 })
        const owner = await ownerOff(0, payment)
        const contender = startVictim({ office, payment }, { clockOff })
        const refused = await contender.answer()
        expect(refused).toMatchObject({ code: 'in-progress' })
        // By the store's time: the rest of the lease, the skew, and one second.
        expect('retryAfterSeconds' in refused && refused.retryAfterSeconds).toBeLessThanOrEqual(35)
        expect('retryAfterSeconds' in refused && refused.retryAfterSeconds).toBeGreaterThan(10)
        owner.leave()
        const answer = await owner.answer()
        await expectOneOutcome(payment, [answer])
        expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
      },
      40_000,
    )
  }
})
