import { refuse } from './rules.ts'

/** SHA-256 in base64url. Each part is preceded by its length in bytes, so no two lists of parts have the same text. */
export const digestOf = async (parts: readonly (string | ArrayBuffer)[]): Promise<string> => {
  const { subtle } = crypto
  if (subtle === undefined) refuse('SHA-256 needs https or localhost')
  const pieces = parts.map((part) => new Blob([part])).flatMap((piece) => [`${piece.size}:`, piece])
  const hash = await subtle.digest('SHA-256', await new Blob(pieces).arrayBuffer())
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .slice(0, 43)
}
