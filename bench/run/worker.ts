import type { OpenSubject, Place } from '../subjects/subject.ts'
import { type Prepared, SCENARIOS } from './scenarios.ts'

export type Ask =
  | { readonly kind: 'prepare'; readonly scenario: string; readonly name: string; readonly units: number }
  | { readonly kind: 'run' }
  | { readonly kind: 'finish' }

/** The result of one measurement. */
export interface Sample {
  readonly units: number
  /** User and system time of the whole process. */
  readonly cpuMicros: number
  /** One for each call. */
  readonly wallMicros: readonly number[]
}

export type Reply =
  | { readonly kind: 'prepared'; readonly known: boolean }
  | { readonly kind: 'ran'; readonly sample: Sample }
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed'; readonly message: string }

/** The main function of a subject's process. Its parent sends one request at a time. */
export const serve = (open: OpenSubject): void => {
  const subject = open(JSON.parse(process.argv[2] ?? '{}') as Place)
  let prepared: Prepared | undefined

  const answer = async (ask: Ask): Promise<Reply> => {
    switch (ask.kind) {
      case 'prepare':
        prepared = await SCENARIOS[ask.scenario]?.prepare(subject, ask.name, ask.units)
        return { kind: 'prepared', known: prepared !== undefined }
      case 'run':
        if (prepared === undefined) throw new Error('Nothing is prepared')
        return { kind: 'ran', sample: await measure(prepared) }
      case 'finish':
        await prepared?.finish?.()
        prepared = undefined
        return { kind: 'finished' }
    }
  }

  process.on('message', (ask: Ask) => {
    answer(ask)
      .catch(
        (error: unknown): Reply => ({
          kind: 'failed',
          message: error instanceof Error ? `${error.stack}` : String(error),
        }),
      )
      .then((reply) => process.send?.(reply))
  })
}

const measure = async ({ calls, unitsPerCall }: Prepared): Promise<Sample> => {
  globalThis.gc?.() // so that earlier garbage is not collected during the measurement
  const wallMicros: number[] = []
  const before = process.cpuUsage()
  for (const call of calls) {
    const started = process.hrtime.bigint()
    await call()
    wallMicros.push(Number(process.hrtime.bigint() - started) / 1_000)
  }
  const { user, system } = process.cpuUsage(before)
  return { units: calls.length * unitsPerCall, cpuMicros: user + system, wallMicros }
}
