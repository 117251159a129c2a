import type { Result } from './subject.ts'

/** What a caller gets. */
export type Answer = Result | Error

export const answer = (result: Promise<Result>): Promise<Answer> =>
  result.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))

export const shown = (result: Answer): string =>
  result instanceof Error ? result.name : `${result.statusCode} ${result.body.slice(0, 60)}`

/** A refusal is an exception or a 4xx answer, depending on the layer. */
export const isRefused = (result: Answer): boolean => result instanceof Error || result.statusCode >= 400

export const sleep = (span: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, span))
