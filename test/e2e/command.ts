import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Whether its output goes to the terminal. Otherwise the output is kept for the error message. */
  readonly shown?: boolean
}

/** Runs a program to its end. Returns its output, or throws an error with it. */
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
