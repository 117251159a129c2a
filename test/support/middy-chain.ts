import middy7 from '@middy/core'
import middy6 from '@middy/core-6'
import type { contextWith, TestEvent } from './http-events.ts'

export type Middy = typeof middy7
export type Context = ReturnType<typeof contextWith>
export type ChainHandler = (event: TestEvent, context: Context) => Promise<unknown>

/** The versions that the hook form supports. */
export const MIDDYS: readonly (readonly [string, Middy])[] = [
  ['6', middy6 as unknown as Middy],
  ['7', middy7],
]

/** A chain of hooks in the order of `use`. Middy's types support neither these events nor thenables. */
export const chainOf = (
  middy: Middy,
  hooks: readonly object[],
  handler: (event: TestEvent, context: Context) => unknown,
): ChainHandler => {
  const chain = middy()
  for (const hook of hooks) chain.use(hook as never)
  return chain.handler(handler as never) as unknown as ChainHandler
}
