import fc from 'fast-check'
import type { HandlerClaim } from '../../lib/core/record/handler-claim.ts'
import { enterClaim } from '../../lib/http/context-claim.ts'
import { claimOf, type HttpOptions, idempotency, idempotent } from '../../lib/http/index.ts'
import { memoryStore } from '../../lib/memory/index.ts'
import { contextWith, payment, type TestEvent } from '../support/http-events.ts'
import { gate } from '../support/http-harness.ts'
import { type ChainHandler, type Context, chainOf, MIDDYS } from '../support/middy-chain.ts'

type Form = (handler: ChainHandler, options: HttpOptions<TestEvent>) => ChainHandler

const FORMS: Readonly<Record<string, Form>> = {
  wrapper: (handler, options) => idempotent(handler as never, options) as ChainHandler,
  ...Object.fromEntries(
    MIDDYS.map(([version, middy]): [string, Form] => [
      `hooks, Middy ${version}`,
      (handler, options) => chainOf(middy, [idempotency(options)], handler),
    ]),
  ),
}

const PAIRS = Object.entries(FORMS).flatMap(([outer, makeOuter]) =>
  Object.entries(FORMS).map(([inner, makeInner]) => [outer, inner, makeOuter, makeInner] as const),
)

const options = (operation: string): HttpOptions<TestEvent> => ({
  store: memoryStore(),
  operation,
  tenant: 'single-tenant',
  missingKey: 'pass',
})

/** Nested calls: with a claim, without a key, and of a method that passes. */
const NESTED: readonly (() => TestEvent)[] = [
  () => payment('i-1'),
  () => payment('i-2'),
  () => payment(undefined),
  () => payment('i-3', {}, { method: 'GET' }),
]

const permutations = <T>(items: readonly T[]): T[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, at) =>
        permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((r) => [item, ...r]),
      )

describe('the claim of a context', () => {
  test.each(PAIRS)(
    'A12, C12: in %s, after parallel nested calls (%s) have ended in any order, it is the outer one again',
    async (_outer, _inner, makeOuter, makeInner) => {
      for (const order of permutations(NESTED.map((_, at) => at))) {
        const gates = NESTED.map(() => gate())
        let begun = 0
        const inner = makeInner(async () => {
          await gates[begun++]?.opened
          return { statusCode: 200, body: '' }
        }, options('inner'))
        const seen: unknown[] = []
        const outer = makeOuter(async (_event, context) => {
          const before = claimOf(context)
          const calls = []
          for (const event of NESTED) {
            const awaited = begun + 1
            calls.push(inner(event(), context))
            while (begun < awaited) await new Promise(setImmediate)
          }
          for (const at of order) {
            gates[at]?.open()
            await calls[at]
          }
          seen.push(before?.recordKey.split('#')[0], claimOf(context) === before)
          return { statusCode: 201, body: '' }
        }, options('outer'))
        const context = contextWith()
        await outer(payment('o-1'), context)
        expect(seen).toEqual(['outer', true])
        expect(claimOf(context)).toBeUndefined()
      }
    },
  )

  test('C12: a retry charges under the key of the attempt before, whatever nested calls ran in parallel', async () => {
    const inner = idempotent(async ({ body }: TestEvent) => {
      await new Promise((resolve) => setTimeout(resolve, JSON.parse(String(body))))
      return { statusCode: 200, body: '' }
    }, options('inner'))
    const keys: unknown[] = []
    const outer = idempotent(async (_event: TestEvent, context: Context) => {
      await Promise.all([inner(payment('i-1', 5), context), inner(payment('i-2', 20), context)])
      keys.push(claimOf(context)?.downstreamKey('charge'))
      if (keys.length === 1) throw new Error('socket broke after the charge')
      return { statusCode: 201, body: '' }
    }, options('outer'))
    await expect(outer(payment('o-1'), contextWith())).rejects.toThrow('socket broke')
    await outer(payment('o-1'), contextWith())
    expect(keys).toEqual([expect.any(String), keys[0]])
  })

  test('it is the claim of the running call that began last, whichever ends first', () => {
    const claims = fc.array(fc.record({ isClaimed: fc.boolean(), endsAs: fc.nat(1000) }), { maxLength: 8 })
    fc.assert(
      fc.property(claims, (calls) => {
        const context = {}
        let open = calls.map(({ isClaimed, endsAs }) => {
          const claim = isClaimed ? ({} as HandlerClaim) : undefined
          return { claim, endsAs, leave: enterClaim(context, claim) }
        })
        for (const ending of [...open].sort((one, other) => one.endsAs - other.endsAs)) {
          expect(claimOf(context)).toBe(open.at(-1)?.claim)
          ending.leave()
          ending.leave() // twice changes nothing
          open = open.filter((call) => call !== ending)
        }
        expect(claimOf(context)).toBeUndefined()
      }),
    )
  })

  test('a call that has ended does not take away the claim of a later one', () => {
    const context = {}
    const leave = enterClaim(context, undefined)
    leave()
    const claim = {} as HandlerClaim
    enterClaim(context, claim)
    leave()
    expect(claimOf(context)).toBe(claim)
  })
})
