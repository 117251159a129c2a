/**
 * Runs the emulator while the parent process lives. When the parent ends, even by SIGKILL, the channel to it closes,
 * and this process kills the emulator's process group with its function workers. Plain JavaScript, because it runs as a
 * separate process without a transpiler.
 */
import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'

const [, , program, logFile] = process.argv

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

const log = openSync(logFile, 'a')
const emulator = spawn(program, [], { detached: true, stdio: ['ignore', log, log] })

const end = () => {
  try {
    process.kill(-emulator.pid, 'SIGKILL')
  } catch {
    // it has already ended
  }
  process.exit(0)
}
process.once('disconnect', end)
process.once('message', end)
emulator.once('exit', end)
emulator.once('error', end)
