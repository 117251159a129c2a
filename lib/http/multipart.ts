/**
 * The content of a multipart body (RFC 2046, section 5.1): the bytes between its delimiters, and their lengths. Clients
 * choose a new boundary for each send, so it does not count.
 */
export interface MultipartContent {
  readonly lengths: string
  readonly bytes: Uint8Array
}

/** A token, or a quoted string (RFC 2046, section 5.1.1: 1 to 70 characters). */
const BOUNDARY = /^\s*multipart\/[^;]+;(?:.*;)?\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i

/** `undefined` if the body is not a multipart body with the boundary that its one `Content-Type` names. */
export const multipartContent = (
  contentTypes: readonly string[],
  body: string | Uint8Array | undefined,
): MultipartContent | undefined => {
  const [, quoted, token] = (contentTypes.length === 1 && BOUNDARY.exec(contentTypes[0] as string)) || []
  const boundary = quoted ?? token
  if (boundary === undefined || body === undefined || (typeof body === 'string' && !body.isWellFormed()))
    return undefined
  // One character for each byte: no byte is lost, whatever charset the parts have.
  const parts = Buffer.from(body as string)
    .toString('latin1')
    .split(`--${boundary}`)
  if (!isWhole(parts)) return undefined
  return { lengths: parts.map(({ length }) => length).join(), bytes: Buffer.from(parts.join(''), 'latin1') }
}

const LINE_END = '\r\n'

/** A part has a line end before it, and its own after it. */
const endsLine = (part: string): boolean => part.length > 3 && part.endsWith(LINE_END)

/**
 * A preamble, parts, and a close delimiter. Each delimiter is a whole line. A client that writes its body by hand may
 * leave out the line end before the last delimiter.
 */
const isWhole = (parts: readonly string[]): boolean => {
  const [preamble = '', ...rest] = parts
  const end = rest.pop()
  return (
    end !== undefined &&
    rest.length > 0 &&
    /^--(?:\r\n|$)/.test(end) &&
    (preamble === '' || preamble.endsWith(LINE_END)) &&
    rest.every((part, at) => part.startsWith(LINE_END) && (at === rest.length - 1 || endsLine(part)))
  )
}
