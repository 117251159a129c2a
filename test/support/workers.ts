import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Bundles the worker of a folder of tests once, because a test starts it a dozen times and compiling takes long.
 */
export const bundleWorker = async (of: 'sqs' | 'streams'): Promise<{ readonly program: string; remove(): void }> => {
  const folder = mkdtempSync(join(tmpdir(), 'lambda-once-worker-'))
  const program = join(folder, 'worker.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL(`../${of}/worker.ts`, import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  })
  return { program, remove: () => rmSync(folder, { recursive: true }) }
}

export interface Worker {
  readonly process: ChildProcess
  /** Kills it, and waits until it has ended. */
  kill(): Promise<void>
}

/** Starts a worker, and waits until it is ready. `onReport` gets its later reports. */
export const startWorker = async <TReport>(
  program: string,
  settings: object,
  onReport: (report: TReport) => void,
): Promise<Worker> => {
  const child = fork(program, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  await once(child, 'message')
  child.on('message', (report: TReport) => onReport(report))
  return {
    process: child,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}
