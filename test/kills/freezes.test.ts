import { setTimeout as sleep } from 'node:timers/promises'
import { aPayment, asTold, openOffice, recordOf } from './office.ts'
import { type Answer, effectsOf, type Office, type Payment, payer } from './payer.ts'
import type { Point } from './victim.ts'
import { killVictims, startVictim, type VictimProcess } from './victim-process.ts'

let offices: Awaited<ReturnType<typeof openOffice>>
beforeAll(async () => {
  offices = await openOffice()
})
afterAll(killVictims)

const OF_THE_OTHER = { value: 'paid by the other', status: 'created' }
const REPLAY_OF_THE_OTHER = { value: 'paid by the other', status: 'replayed' }

/** Like a frozen Lambda sandbox: the process stops and does not notice the time that passes. */
const freeze = async (office: Office, payment: Payment, point: Point, how: { throws?: true } = {}) => {
  const victim = startVictim({ office, payment, point, signal: 'SIGSTOP', ...how })
  await victim.untilStopped()
  return victim
}

const thaw = async (victim: VictimProcess): Promise<Answer> => {
  victim.child.kill('SIGCONT')
  return victim.answer()
}

/** Another process takes over after the lease has ended. */
const takenOver = async (office: Office, payment: Payment): Promise<Answer> => {
  const other = payer('the other', office)
  const refused = await other(payment)
  expect(refused).toMatchObject({ code: 'in-progress' })
  await asTold(refused)
  return other(payment)
}

describe('A6 An owner that is frozen past its lease while another process takes over and completes:', () => {
  test.concurrent.each<[string, Point, number]>([
    ['after its effect', 'after-effect', 2],
    ['before its effect', 'before-effect', 2],
    ['after its handler', 'after-handler', 2],
    ['before its completion', 'before-settle', 2],
  ])(
    'A6 frozen %s, it answers the stored outcome and changes nothing',
    async (_, point, runs) => {
      const office = offices()
      const payment = aPayment()
      const victim = await freeze(office, payment, point)
      expect(await takenOver(office, payment)).toEqual(OF_THE_OTHER)
      const stored = await recordOf(office, payment)
      expect(stored).toMatchObject({ status: 'SUCCEEDED', attempt: 2, generation: 1 })
      expect(await thaw(victim)).toEqual(REPLAY_OF_THE_OTHER)
      expect(await recordOf(office, payment)).toEqual(stored)
      expect(await effectsOf(office, payment.key)).toEqual({ runs, downstreamKeys: 1 })
    },
    40_000,
  )

  test.concurrent('A6 frozen in a handler that throws, it throws its own error and changes nothing', async () => {
    const office = offices()
    const payment = aPayment()
    const victim = await freeze(office, payment, 'after-effect', { throws: true })
    expect(await takenOver(office, payment)).toEqual(OF_THE_OTHER)
    const stored = await recordOf(office, payment)
    expect(await thaw(victim)).toEqual({ error: 'Error: boom' })
    expect(await recordOf(office, payment)).toEqual(stored)
  }, 40_000)

  test.concurrent('B8 frozen between its claim and its handler, it does not run and changes nothing', async () => {
    const office = offices()
    const payment = aPayment()
    const victim = await freeze(office, payment, 'after-claim')
    expect(await takenOver(office, payment)).toEqual(OF_THE_OTHER)
    const stored = await recordOf(office, payment)
    expect(await thaw(victim)).toMatchObject({ code: 'idempotency-unavailable' })
    expect(await recordOf(office, payment)).toEqual(stored)
    expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
  }, 40_000)
})

describe('B8 An owner that is frozen past its lease, without another call:', () => {
  test.concurrent('B8 frozen between its claim and its handler, it does not run: the next call does, at once', async () => {
    const office = offices()
    const payment = aPayment()
    const victim = await freeze(office, payment, 'after-claim')
    await sleep(payment.remaining + 1_000)
    expect(await thaw(victim)).toMatchObject({ code: 'idempotency-unavailable' })
    expect(await payer('the other', office)(payment)).toEqual(OF_THE_OTHER)
    expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
  }, 40_000)

  test.concurrent.each(['rerun', 'hold'] as const)(
    'A6 frozen in its handler, it completes late and answers the stored outcome (%s)',
    async (policy) => {
      const office = offices(policy)
      const payment = aPayment()
      const victim = await freeze(office, payment, 'after-effect')
      await sleep(payment.remaining + 1_000)
      expect(await thaw(victim)).toEqual({ value: 'paid by the victim', status: 'created' })
      expect(await payer('the other', office)(payment)).toEqual({ value: 'paid by the victim', status: 'replayed' })
      expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
    },
    40_000,
  )

  test.concurrent('C9 under hold, other calls learn that its outcome is unknown, until it completes late', async () => {
    const office = offices('hold')
    const payment = aPayment()
    const victim = await freeze(office, payment, 'after-effect')
    expect(await takenOver(office, payment)).toMatchObject({ code: 'outcome-unknown' })
    expect(await thaw(victim)).toEqual({ value: 'paid by the victim', status: 'created' })
    expect(await payer('the other', office)(payment)).toEqual({ value: 'paid by the victim', status: 'replayed' })
    expect(await effectsOf(office, payment.key)).toEqual({ runs: 1, downstreamKeys: 1 })
  }, 40_000)
})
