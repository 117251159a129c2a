import { type StepOptions, step } from '../../lib/effects/index.ts'
import type { Runtime } from '../../lib/index.ts'
import { type Answer, type Office, type Payment, payer } from '../kills/payer.ts'

/** The steps of a payment, in their order. */
export const STEPS = ['reserve', 'charge', 'notify'] as const
export type StepName = (typeof STEPS)[number]

/** Where a process may be: before or after the effect of a step, or at a probe. */
export type Place = `${'before' | 'after'}-${StepName}` | Parameters<NonNullable<Runtime['probe']>>[0]

/** Pays in three steps. `stops` names those that must not run twice. */
export const stepPayer = (
  office: Office,
  stops: readonly StepName[],
  meet: (place: Place) => void = () => {},
): ((payment: Payment) => Promise<Answer>) =>
  payer('the payer', office, {
    probe: meet,
    handler: async (claim, pay) => {
      const done: string[] = []
      for (const name of STEPS) {
        const options: StepOptions<string> = stops.includes(name) ? { inDoubt: 'stop' } : {}
        const run = async ({ downstreamKey }: { readonly downstreamKey: string }): Promise<string> => {
          meet(`before-${name}`)
          await pay(name, downstreamKey)
          meet(`after-${name}`)
          return `${name} done`
        }
        done.push(await step(claim, name, run, options))
      }
      return done.join()
    },
  })
