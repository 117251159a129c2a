/** The median; for an even count, the mean of the middle two. `NaN` for no values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Interpolates linearly between the two neighbours. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
