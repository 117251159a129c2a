/**
 * Runs the emulator for as long as the parent process lives. The channel to the parent closes however the parent ends,
 * by SIGKILL too: then the emulator's process group is killed, its function workers with it. Plain JavaScript, because
 * it runs as a process of its own, without a transpiler.
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
    // it has ended by itself
  }
  process.exit(0)
}
process.once('disconnect', end)
process.once('message', end)
emulator.once('exit', end)
emulator.once('error', end)
