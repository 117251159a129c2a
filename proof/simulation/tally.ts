/** Counts events. The test asserts by name which were reached. */
export interface Tally {
  /** Takes two words instead of one text: counting is frequent, and hashing a new text would be slow. */
  count(what: string, which?: string): void
  /** @param name the words, separated by a space */
  times(name: string): number
}

export const createTally = (): Tally => {
  const counts = new Map<string, Map<string, number>>()
  return {
    count: (what, which = '') => {
      const among = counts.get(what)
      if (among === undefined) counts.set(what, new Map([[which, 1]]))
      else among.set(which, (among.get(which) ?? 0) + 1)
    },
    times: (name) => {
      for (const [what, among] of counts)
        for (const [which, times] of among) if (name === (which === '' ? what : `${what} ${which}`)) return times
      return 0
    },
  }
}
