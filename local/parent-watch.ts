import { readFileSync } from 'node:fs'

const POLL_MILLIS = 100

/**
 * Calls `run` when the process that started this one has ended. A SIGKILL of `npm start` ends npm only: the server
 * would stay behind, with its port and its database.
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

/** A shell between npm and this process waits for this one: there npm is the shell's own parent. */
const lineage = (): string => {
  const parent = process.ppid
  return `${parent} ${isShell(parent) ? parentOf(parent) : ''}`
}

const isShell = (pid: number): boolean => /^(ba|da|a|z)?sh\n$/.test(read(`/proc/${pid}/comm`))

/** `pid (name) state parent …`, and the name may hold anything. */
const parentOf = (pid: number): string =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')[1] ?? ''

/** Only Linux has these; the shells of other systems give way to the one command that they are to run. */
const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
