import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  /** What it prints goes to the terminal; else it is kept for the error. */
  readonly shown?: boolean
}

/** Runs a program to its end; what it printed is the answer, or the message of the error. */
export const runCommand = (file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> =>
  new Promise((resolve, reject) => {
    const { env = process.env, shown = false } = options
    const child = spawn(file, args, { env, stdio: ['ignore', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const printed = Buffer.concat(chunks).toString('utf8')
      if (code === 0) resolve(printed)
      else reject(new Error(`${file} ${args.join(' ')} ended with ${signal ?? code}\n${printed}`))
    })
  })
