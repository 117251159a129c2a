const POLL_MILLIS = 500

/**
 * Calls `run` when the process that started this one has ended. A SIGKILL of `npm start` ends npm only: the server
 * would stay behind, with its port and its database. Returns what ends the watch.
 */
export const whenParentEnds = (run: () => void): (() => void) => {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    run()
  }, POLL_MILLIS)
  timer.unref()
  return () => clearInterval(timer)
}
