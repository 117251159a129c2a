/** B7: times of different units do not compile together. Checked by the compiler alone. */
import {
  type EpochMillis,
  type EpochSeconds,
  epochMillis,
  epochSeconds,
  later,
  millis,
  toEpochSeconds,
} from '../../lib/core/time.ts'

const at: EpochMillis = epochMillis(1_800_000_000_000)
const seconds: EpochSeconds = toEpochSeconds(at)
export const fine: EpochMillis = later(at, millis(5))

// @ts-expect-error seconds are not milliseconds
later(seconds, millis(5))
// @ts-expect-error a point in time is not a span
later(at, at)
// @ts-expect-error a plain number has no unit
later(at, 5)
// @ts-expect-error milliseconds are not seconds
export const wrong: EpochSeconds = at
// @ts-expect-error seconds are not milliseconds
export const wrongToo: EpochMillis = epochSeconds(1_800_000_000)
