/** What was read, or why it could not be. */
export type Fact<T> = { readonly kind: 'known'; readonly value: T } | { readonly kind: 'unknown'; readonly why: string }

export const fact = async <T>(read: () => Promise<T>): Promise<Fact<T>> => {
  try {
    return { kind: 'known', value: await read() }
  } catch (error) {
    const { name, message } = error as Error
    const isAbsent = name === 'UnknownOperationException'
    return { kind: 'unknown', why: isAbsent ? 'cannot be checked here: an emulator does not know it' : message }
  }
}
