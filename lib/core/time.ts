declare const unit: unique symbol

/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMillis = number & { readonly [unit]: 'epoch milliseconds' }

/** A point in time: whole seconds since 1970-01-01T00:00:00Z. */
export type EpochSeconds = number & { readonly [unit]: 'epoch seconds' }

/** A span of time in milliseconds. */
export type Millis = number & { readonly [unit]: 'milliseconds' }

export const epochMillis = (value: number): EpochMillis => value as EpochMillis
export const epochSeconds = (value: number): EpochSeconds => value as EpochSeconds
export const millis = (value: number): Millis => value as Millis
export const fromSeconds = (value: number): Millis => (value * 1000) as Millis

export const later = (at: EpochMillis, span: Millis): EpochMillis => (at + span) as EpochMillis
export const earliest = (a: EpochMillis, b: EpochMillis): EpochMillis => (a < b ? a : b)
export const latest = (a: EpochMillis, b: EpochMillis): EpochMillis => (a > b ? a : b)
export const between = (from: EpochMillis, to: EpochMillis): Millis => (to - from) as Millis

/** Rounds up, so nothing expires before its time. */
export const toEpochSeconds = (at: EpochMillis): EpochSeconds => Math.ceil(at / 1000) as EpochSeconds
export const toEpochMillis = (at: EpochSeconds): EpochMillis => (at * 1000) as EpochMillis
