/** `application/json` (RFC 8259, section 11), `text/json`, or the suffix `+json` (RFC 6839, section 3.1). */
const JSON_TYPE = /^\s*[^\s;,/]+\/(?:[^\s;,]+\+)?json\s*(?:[;,]|$)/i

/** Whether a body may be read as JSON: its `Content-Type` is one of JSON, or missing. */
export const mayBeJson = (contentTypes: readonly string[]): boolean => {
  const given = contentTypes.filter((line) => line.trim() !== '')
  return given.length === 0 || given.some((line) => JSON_TYPE.test(line))
}
