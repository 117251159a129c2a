/** What `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3). `undefined` if it says nothing. */
export const retryAfterSeconds = (headers: Headers | undefined, now: number): number | undefined => {
  const value = headers?.get('retry-after') ?? ''
  if (/^\d+$/.test(value)) return Number(value)
  const seconds = Math.max(0, Date.parse(value) - now) / 1_000
  return Number.isNaN(seconds) ? undefined : seconds
}

/** Full jitter over a bound that doubles from half a second to 20 s, after what the server asks for. */
export const pauseMillis = (attempts: number, askedSeconds: number, random: number): number =>
  askedSeconds * 1_000 + random * Math.min(20_000, 250 * 2 ** attempts)
