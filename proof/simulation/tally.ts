/** How often things happened; the test asserts by name which were reached. */
export interface Tally {
  /** Two words, and no text made of them: counting is as frequent as anything here, and a text that is new costs a hash. */
  count(what: string, which?: string): void
  /** `name`: the words with a space in between. */
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
