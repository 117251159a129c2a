import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../size/bundle.ts'
import type { Place } from '../subjects/subject.ts'
import type { Ask, Sample, Told } from './worker.ts'

/** One subject in a process of its own, bundled and minified as it would be deployed. */
export interface SubjectProcess {
  /** `undefined` where the subject has no such thing. */
  measure(scenario: string, name: string, units: number, around?: Around): Promise<Sample | undefined>
  stop(): Promise<void>
}

/** Called when everything is prepared, and when it has run. */
export interface Around {
  readonly before: () => void
  readonly after: () => void
}

export const bundleSubject = async (directory: string, subject: string): Promise<string> => {
  const { code } = await bundle({
    source: `import { open } from './bench/subjects/${subject}.ts'; import { serve } from './bench/run/worker.ts'; serve(open)`,
    sdk: 'included',
    format: 'cjs',
  })
  const file = join(directory, `${subject}.cjs`)
  writeFileSync(file, code)
  return file
}

export const startSubject = (file: string, place: Place): SubjectProcess => {
  const child = fork(file, [JSON.stringify(place)], {
    execArgv: ['--expose-gc', '--disable-warning=NodeVersionSupportWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then((): Told => ({ kind: 'failed', message: 'Its process has ended' }))
  return {
    measure: async (scenario, name, units, around) => {
      const prepared = await ask(child, ended, { kind: 'prepare', scenario, name, units })
      if (prepared.kind !== 'prepared' || !prepared.known) return undefined
      around?.before()
      const ran = await ask(child, ended, { kind: 'run' })
      around?.after()
      await ask(child, ended, { kind: 'finish' })
      return ran.kind === 'ran' ? ran.sample : undefined
    },
    stop: async () => {
      if (child.exitCode !== null) return
      child.disconnect()
      child.kill()
      await ended
    },
  }
}

const ask = async (child: ChildProcess, ended: Promise<Told>, what: Ask): Promise<Told> => {
  const answered = new AbortController()
  child.send(what)
  const told = await Promise.race([
    once(child, 'message', { signal: answered.signal }).then(([message]) => message as Told),
    ended,
  ])
  if (told.kind !== 'failed') return told
  answered.abort()
  throw new Error(told.message)
}
