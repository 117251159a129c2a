import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../size/bundle.ts'
import type { Place } from '../subjects/subject.ts'
import type { Ask, Reply, Sample } from './worker.ts'

/** One subject in a separate process, bundled and minified as for a deployment. */
export interface SubjectProcess {
  /** Measures a scenario. Resolves to `undefined` if the subject does not support it. */
  measure(scenario: string, name: string, units: number, around?: Around): Promise<Sample | undefined>
  stop(): Promise<void>
}

/** Called right before and after the measured calls. */
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
  const ended = once(child, 'exit').then((): Reply => ({ kind: 'failed', message: 'Its process has ended' }))
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

const ask = async (child: ChildProcess, ended: Promise<Reply>, what: Ask): Promise<Reply> => {
  const answered = new AbortController()
  child.send(what)
  const reply = await Promise.race([
    once(child, 'message', { signal: answered.signal }).then(([message]) => message as Reply),
    ended,
  ])
  if (reply.kind !== 'failed') return reply
  answered.abort()
  throw new Error(reply.message)
}
