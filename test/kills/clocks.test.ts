import { setTimeout as sleep } from 'node:timers/promises'
import { aPayment, openOffice, recordOf } from './office.ts'
import { type Answer, effectsOf, type Office, type Payment, payer } from './payer.ts'
import { fakeTimeMissing, killVictims, startVictim } from './victim-process.ts'

/** The default: what the layer allows a host's clock to be off. */
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

/** An owner whose clock is off, in its handler; it stays there until it is told to leave. */
const ownerOff = async (clockOff: number, payment: Payment) => {
  const owner = startVictim({ office, payment, stays: true }, { clockOff })
  await owner.inHandler()
  return owner
}

/** Somebody with the right time tries again and again. */
const tryFor = async (millis: number, payment: Payment): Promise<readonly Answer[]> => {
  const contender = payer('the contender', office)
  const answers: Answer[] = []
  for (const end = Date.now() + millis; Date.now() < end; await sleep(LOOK_EVERY)) {
    answers.push(await contender(payment))
  }
  return answers
}

/** Whoever answers with a success answers with the stored one, and a call afterwards too. */
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
      `B3 by ${clockOff} s, which is within the skew: nobody takes its live claim over`,
      async () => {
        const payment = aPayment({ remaining: 3_000 })
        const owner = await ownerOff(clockOff, payment)
        // Less than the time that it has left: by its own clock it is on time.
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
      `B3 by ${clockOff} s: its lease is over before its time, two run, and one outcome stands`,
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
      `B3 by +${clockOff} s: its lease lasts too long, which costs time and nothing else`,
      async () => {
        const payment = aPayment({ remaining: 1_000 })
        const owner = await ownerOff(clockOff, payment)
        const answers = await tryFor(5_500, payment) // beyond the lease as it was meant, and the skew
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
      `B3 by ${clockOff} s: it judges by the store’s time, and takes no live claim over`,
      async () => {
        const payment = aPayment({ remaining: 30_000 })
        const owner = await ownerOff(0, payment)
        const contender = startVictim({ office, payment }, { clockOff })
        const refused = await contender.answer()
        expect(refused).toMatchObject({ code: 'in-progress' })
        // By the store's time: what is left of the lease and the skew, and a second.
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
