import type { ExitStatus } from '../../lib/cli/answer.ts'
import { run } from '../../lib/cli/run.ts'
import { epochMillis } from '../../lib/core/time.ts'

export interface Ran {
  readonly status: ExitStatus
  readonly out: string
  readonly err: string
  /** The document that `--json` printed. */
  readonly json: unknown
}

export interface Setting {
  /** What the person at the terminal answers. Without it there is no terminal. A function may do something first. */
  readonly answer?: string | (() => Promise<string>)
  readonly now?: () => number
  readonly colours?: boolean
  /** Default: a command that waits for Ctrl-C gets it at once. Called with all that was said so far. */
  readonly interrupted?: (said: string) => Promise<void>
}

/** Runs a command line in this process. */
export const command = async (argv: readonly string[], setting: Setting = {}): Promise<Ran> => {
  const { answer, now = Date.now, colours = false, interrupted = async () => {} } = setting
  const [out, err]: [string[], string[]] = [[], []]
  const status = await run(argv, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    canAsk: answer !== undefined,
    ask: async (question) => {
      err.push(question)
      return typeof answer === 'function' ? answer() : (answer ?? '')
    },
    colours,
    now: () => epochMillis(now()),
    interrupted: () => interrupted(err.join('\n')),
  })
  const text = out.join('\n')
  return {
    status,
    out: text,
    err: err.join('\n'),
    get json() {
      return JSON.parse(text)
    },
  }
}
