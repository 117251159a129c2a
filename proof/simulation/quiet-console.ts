const LAYER = 'lambda-once:'

/** The layer prints errors that a caller does not get. A simulation plays thousands of them. */
export const useQuietConsole = (): void => {
  const { error } = console
  console.error = (...words: readonly unknown[]): void => {
    if (!String(words[0]).startsWith(LAYER)) error(...words)
  }
}
