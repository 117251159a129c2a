import { createInterface } from 'node:readline/promises'
import pc from 'picocolors'
import { systemRuntime } from '../core/runtime.ts'
import type { EpochMillis } from '../core/time.ts'

/** The outside of a command: a test gives its own. */
export interface Io {
  /** Answers. */
  out(line: string): void
  /** Messages and questions. */
  err(line: string): void
  /** Whether a person is there to answer a question. */
  readonly canAsk: boolean
  ask(question: string): Promise<string>
  /** Whether answers have colours. */
  readonly colours: boolean
  now(): EpochMillis
  /** Resolves when the person ends the program with Ctrl-C, or another program ends it. */
  interrupted(): Promise<void>
}

/** Colours are words of meaning only together with the text: nothing is said by colour alone. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
}

export const paintOf = ({ colours }: Pick<Io, 'colours'>): Paint => {
  const { bold, dim, green, red, yellow } = pc.createColors(colours)
  return { bold, dim, good: green, bad: red, warn: yellow }
}

/** https://no-color.org: any value that is not empty counts. */
export const hasColours = (isTerminal: boolean, { NO_COLOR = '' }: NodeJS.ProcessEnv): boolean =>
  isTerminal && NO_COLOR === ''

export const processIo = (): Io => ({
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  ask: (question) =>
    new Promise((resolve) => {
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      terminal.once('close', () => resolve('')) // Ctrl-C and Ctrl-D are a no
      const answered = (answer: string): void => {
        resolve(answer)
        terminal.close()
      }
      terminal.question(question).then(answered, () => answered(''))
    }),
  colours: hasColours(process.stdout.isTTY === true, process.env),
  now: systemRuntime.now,
  interrupted: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
    }),
})
