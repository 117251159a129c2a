import type { StoredRecord } from '../../../lib/core/record/record.ts'
import { fromItem } from '../../../lib/dynamodb/item.ts'
import { itemStore } from '../../../lib/dynamodb/item-store.ts'
import { reconcile, step as runStep, transact } from '../../../lib/effects/index.ts'
import { type HandlerClaim, NotDoneError, type OnceRequest, once } from '../../../lib/index.ts'
import { readItem } from '../../support/dynamodb.ts'
import { type FakeClock, fakeClock, fakeRuntime } from '../../support/fake-runtime.ts'
import { type FaultProxy, faultProxy } from '../../support/fault-proxy.ts'
import { aRequest, ending, LEASE, recordKeyOf, remaining, SKEW } from '../../support/scene.ts'
import type { Shop } from '../../support/shop.ts'
import { type Cell, type FaultStep, rulesOf } from './cell.ts'
import { type ClientName, refusingClient } from './refusing-client.ts'
import { BEAT, faultIn, RENEWED_LEASE, type Surfacing, type Tale } from './tale.ts'

const surfacingsOf = ({ when }: Cell): readonly Surfacing[] =>
  when === 'late' ? ['before the retry', 'after the retry'] : ['never']

/** A remaining time that is long enough for a renewal, in milliseconds. */
const LONG = 900_000

const boom = new Error('boom')

/** The steps of a call that finds an abandoned record. */
const AFTER_A_THROW: ReadonlySet<FaultStep> = new Set(['takeOver', 'nextGeneration'])

/** How the handler ends, to make the step happen. */
const ENDS: Partial<Record<FaultStep, () => unknown>> = {
  commit: () => 'its own answer', // which its caller never gets, whatever it has heard of the commit
  release: () => {
    throw new NotDoneError('card declined')
  },
  abandon: () => {
    throw boom
  },
}

/** The layer's table, and one of the handler's own. */
export interface Place {
  readonly tableName: string
  readonly shop: Shop
}

/** Plays the cell, and returns what did not end as it must. */
export const play = async (name: ClientName, place: Place, cell: Cell): Promise<string | undefined> => {
  const faults = await Promise.all(surfacingsOf(cell).map((surfacing) => playOn(name, place, cell, surfacing)))
  return faults.find((fault) => fault !== undefined)
}

const playOn = async (
  name: ClientName,
  place: Place,
  cell: Cell,
  surfacing: Surfacing,
): Promise<string | undefined> => {
  const clock = fakeClock()
  const proxy = await faultProxy({ storeTime: clock.now })
  try {
    const fault = faultIn(cell, surfacing, await playOnce(name, { ...place, proxy, clock, cell, surfacing }))
    return fault === undefined || surfacing === 'never' ? fault : `${fault} (surfacing ${surfacing})`
  } finally {
    await proxy.close()
  }
}

interface Stage extends Place {
  readonly proxy: FaultProxy
  readonly clock: FakeClock
  readonly cell: Cell
  readonly surfacing: Surfacing
}

/** One request with the fault, and then a retry without it, after the end of the lease. */
const playOnce = async (name: ClientName, { tableName, shop, proxy, clock, cell, surfacing }: Stage): Promise<Tale> => {
  const { step } = cell
  const isRenewal = step === 'renew'
  const { client, refuse, count } = refusingClient(name, proxy.endpoint, cell)
  const runtime = fakeRuntime({ clock, deadlines: 'never' })
  const asked: number[] = []
  const askedKeys = new Set<string>()
  const abandoned = reconcile<OnceRequest>((_, claim) => {
    asked.push(claim.generation)
    askedKeys.add(claim.downstreamKey('payment'))
    return { notDone: true }
  })
  const pay = once({
    store: itemStore({ tableName, client, skewSeconds: SKEW / 1_000 }),
    operation: 'payments',
    runtime,
    ...(isRenewal ? { heartbeat: { leaseSeconds: RENEWED_LEASE / 1_000 } } : {}),
    ...(step === 'nextGeneration' ? { abandoned } : {}),
  })
  const request = aRequest(isRenewal ? { context: remaining(LONG) } : {})
  if (AFTER_A_THROW.has(step)) await ending(pay(request, () => Promise.reject(boom)))

  proxy.script(...rulesOf(cell))
  refuse(cell)
  let runs = 0
  let sawLoss = false
  let renewedBy: number | undefined
  let ranAsAsked = false
  const charges: string[] = []
  const orders: boolean[] = []
  const noteOrder = async (): Promise<unknown> => orders.push(await shop.has(String(request.key)))
  /** What the step is about: a part of the handler with its own result, or an order that is stored with the answer. */
  const act = async (claim: HandlerClaim | undefined): Promise<void> => {
    if (step === 'checkpoint') await runStep(claim, 'charge', ({ downstreamKey }) => charges.push(downstreamKey))
    if (step === 'commit') await transact(claim, [shop.order(String(request.key))], 'done').catch(() => undefined)
  }
  const noteKey = (claim: HandlerClaim | undefined): void => {
    ranAsAsked ||= askedKeys.has(claim?.downstreamKey('payment') ?? 'unprotected')
  }
  const first = await ending(
    pay(request, async (claim) => {
      runs++
      noteKey(claim)
      if (isRenewal) {
        const claimed = await readLease(tableName, request)
        clock.advance(BEAT)
        await runtime.beat()
        renewedBy = (await readLease(tableName, request)) - claimed
        sawLoss = claim?.signal.aborted === true
      }
      await act(claim)
      return ENDS[step]?.() ?? 'done'
    }),
  )
  const sends = proxy.seen.filter((seen) => seen.step === step).length + count()
  proxy.script()
  refuse(undefined)

  const atFirst = await read(tableName, request)
  await noteOrder()
  const early = surfacing === 'before the retry' ? await proxy.deliver() : []
  const between = await read(tableName, request)
  await noteOrder()
  clock.advance((isRenewal ? RENEWED_LEASE : LEASE) + SKEW + 1_000)
  let reruns = 0
  const retry = await ending(
    pay(request, async (claim) => {
      reruns++
      noteKey(claim)
      await act(claim)
      return 'done'
    }),
  )
  const settled = await read(tableName, request)
  const surfaced = early.length + (await proxy.deliver()).length
  const last = await read(tableName, request)
  await noteOrder()

  return {
    ...{ sends, surfaced, runs, sawLoss, renewedBy, asked, ranAsAsked, charges, orders },
    ...{ first, atFirst, between, retry, reruns, settled, last },
  }
}

const read = async (tableName: string, request: OnceRequest): Promise<StoredRecord | undefined> => {
  const item = await readItem(tableName, recordKeyOf(request))
  return item === undefined ? undefined : fromItem(item)
}

/** `NaN` if there is none. */
const readLease = async (tableName: string, request: OnceRequest): Promise<number> => {
  const record = await read(tableName, request)
  return (record?.status === 'IN_PROGRESS' ? record.leaseExpiresAt : undefined) ?? Number.NaN
}
