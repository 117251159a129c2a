import { readFileSync } from 'node:fs'

const POLL_MILLIS = 100

/**
 * Calls `run` when the process that started this one has ended. Without this, a SIGKILL of `npm start` would end npm
 * only, and leave the server behind with its port and its database.
 */
export const whenParentEnds = (run: () => void): void => {
  const before = lineage()
  const timer = setInterval(() => {
    if (lineage() === before) return
    clearInterval(timer)
    run()
  }, POLL_MILLIS)
  timer.unref()
}

/** npm may start this process through a shell, which waits for it. Then npm is the parent of the shell. */
const lineage = (): string => {
  const parent = process.ppid
  return `${parent} ${isShell(parent) ? parentOf(parent) : ''}`
}

const isShell = (pid: number): boolean => /^(ba|da|a|z)?sh\n$/.test(read(`/proc/${pid}/comm`))

/** The format is `pid (name) state parent …`. The name may contain any character. */
const parentOf = (pid: number): string =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')[1] ?? ''

/** Only Linux has these files. On other systems the shell replaces itself with its one command. */
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
