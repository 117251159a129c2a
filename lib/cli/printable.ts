/**
 * Control characters, and those that turn the direction of writing. A record or an API's answer may hold some: they would
 * move the cursor of the person on call, hide text, or add lines that no command has printed.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu

/** The colours of `paintOf`. */
const PAINT = new RegExp(`(${String.fromCharCode(27)}\\[(?:1|2|22|31|32|33|39)m)`)

/** The text on one line, with each character that steers a terminal as its JSON escape. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped)

/** As {@link printable}, but keeps the colours that a command has painted with. */
export const paintedLine = (line: string): string =>
  line
    .split(PAINT)
    .map((part, at) => (at % 2 === 0 ? printable(part) : part))
    .join('')

/** As {@link printable}, for a text of several lines. JSON stays the same JSON. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** One word of a shell, so that a person can copy it into a command. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
