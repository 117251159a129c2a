import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The command of `npm start`. */
export const START: readonly string[] = [process.execPath, '--import', 'tsx', 'bin/local.ts']

/** The example API in its own process group, as a terminal starts it. */
export interface LocalProcess {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** Its exit status. */
  readonly ended: Promise<number | null>
  /** The address, as soon as the process prints it. */
  url(): Promise<string>
  /** Signals every process of the group, as Ctrl-C does. */
  signalGroup(signal: NodeJS.Signals): void
}

const running = new Set<LocalProcess>()

export const startLocal = (
  flags: readonly string[],
  { command = START, env = {} }: { readonly command?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): LocalProcess => {
  const [program = '', ...rest] = command
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const temporary = mkdtempSync(join(tmpdir(), 'lambda-once-'))
  const child = spawn(program, [...rest, ...flags], {
    cwd: ROOT,
    detached: true,
    env: { ...inherited, TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout = textOf(child.stdout)
  const stderr = textOf(child.stderr)
  const ended = once(child, 'exit').then(([status]) => status as number | null)
  const local: LocalProcess = {
    child,
    stdout,
    stderr,
    ended,
    url: async () => {
      for (;;) {
        const printed = /http:\/\/127\.0\.0\.1:\d+(?= \(Ctrl-C stops it\))/.exec(stdout())?.[0]
        if (printed !== undefined) return printed
        if (child.exitCode !== null) throw new Error(`It has ended: ${stderr()}`)
        await sleep(20)
      }
    },
    signalGroup: (signal) => process.kill(-(child.pid ?? 0), signal),
  }
  running.add(local)
  ended.then(() => {
    running.delete(local)
    rmSync(temporary, { recursive: true, force: true }) // a killed process leaves its bundles
  })
  return local
}

/** For `afterEach`: kills the processes that a failed test has left. */
export const killRunning = async (): Promise<void> => {
  for (const local of running) {
    local.signalGroup('SIGKILL')
    await local.ended
  }
}

/** The child processes of this process, and theirs. */
export const descendantsOf = (pid: number): readonly number[] => {
  const children = listed().filter(({ parent }) => parent === pid)
  return children.flatMap((child) => [child.pid, ...descendantsOf(child.pid)])
}

/** Resolves when none of them runs. */
export const untilGone = async (pids: readonly number[]): Promise<void> => {
  for (let tries = 0; tries < 250; tries++) {
    const left = listed().filter(({ pid, state }) => pids.includes(pid) && !state.startsWith('Z'))
    if (left.length === 0) return
    await sleep(20)
  }
  throw new Error(`Some of ${pids.join(', ')} still run`)
}

const listed = (): readonly { readonly pid: number; readonly parent: number; readonly state: string }[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state = ''] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), state }
    })

const textOf = (stream: NodeJS.ReadableStream): (() => string) => {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}
