import type { KeyStorage, WebStorage } from '../../lib/client/index.ts'

/** A storage that several pages share, with the texts in it. */
export interface SharedStorage {
  readonly texts: Map<string, string>
  readonly storage: WebStorage | KeyStorage
}

export const webStorage = (): SharedStorage => {
  const texts = new Map<string, string>()
  return {
    texts,
    storage: {
      getItem: (name) => texts.get(name) ?? null,
      setItem: (name, text) => void texts.set(name, text),
      removeItem: (name) => void texts.delete(name),
    },
  }
}

/** A storage elsewhere, such as a file or a server's session. */
export const functionStorage = (): SharedStorage => {
  const texts = new Map<string, string>()
  return {
    texts,
    storage: async (name, change) => {
      await new Promise(setImmediate)
      const after = change(texts.get(name) ?? null)
      if (after === null) texts.delete(name)
      else texts.set(name, after)
      return after
    },
  }
}
