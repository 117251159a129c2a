import { isDeepStrictEqual } from 'node:util'
import type { StoredRecord } from '../../../lib/core/record.ts'
import { NotDoneError, type OnceRequest, once } from '../../../lib/index.ts'
import { fromItem } from '../../../lib/stores/dynamodb/item.ts'
import { itemStore } from '../../../lib/stores/dynamodb/store.ts'
import { readItem } from '../../support/dynamodb.ts'
import { type FakeClock, fakeClock, fakeRuntime } from '../../support/fake-runtime.ts'
import { type FaultProxy, faultProxy } from '../../support/fault-proxy.ts'
import { aRequest, ending, LEASE, recordKeyOf, remaining, SKEW } from '../../support/scene.ts'
import { type Cell, expected, type FaultStep, rulesOf } from './cell.ts'
import { type ClientName, refusingClient } from './refusing-client.ts'

/** What the network kept reaches the database before the retry, or after it. */
type Surfacing = 'before the retry' | 'after the retry'

const SURFACINGS: readonly Surfacing[] = ['before the retry', 'after the retry']

/** In seconds, and the remaining time that makes room for it, in milliseconds. */
const RENEWED_LEASE = 60
const LONG = 900_000

const boom = new Error('boom')

/** How the handler ends, so that the step comes about. */
const ENDS: Partial<Record<FaultStep, () => never>> = {
  release: () => {
    throw new NotDoneError('card declined')
  },
  abandon: () => {
    throw boom
  },
}

/** Plays the cell, and says what did not end as it must. */
export const play = async (name: ClientName, tableName: string, cell: Cell): Promise<string | undefined> => {
  const surfacings = cell.when === 'late' ? SURFACINGS : SURFACINGS.slice(1)
  const faults = await Promise.all(surfacings.map((surfacing) => playOn(name, tableName, cell, surfacing)))
  return faults.find((fault) => fault !== undefined)
}

const playOn = async (
  name: ClientName,
  tableName: string,
  cell: Cell,
  surfacing: Surfacing,
): Promise<string | undefined> => {
  const clock = fakeClock()
  const proxy = await faultProxy({ storeTime: clock.now })
  try {
    const fault = await playOnce(name, { tableName, proxy, clock, cell, surfacing })
    return fault === undefined || cell.when !== 'late' ? fault : `${fault} (surfacing ${surfacing})`
  } finally {
    await proxy.close()
  }
}

interface Stage {
  readonly tableName: string
  readonly proxy: FaultProxy
  readonly clock: FakeClock
  readonly cell: Cell
  readonly surfacing: Surfacing
}

/** One request through the fault, then a retry when all is well again and the lease is over. */
const playOnce = async (
  name: ClientName,
  { tableName, proxy, clock, cell, surfacing }: Stage,
): Promise<string | undefined> => {
  const { step } = cell
  const isRenewal = step === 'renew'
  const { client, refuse, count } = refusingClient(name, proxy.endpoint)
  const runtime = fakeRuntime({ clock, deadlines: 'never' })
  const pay = once({
    store: itemStore({ tableName, client, skewSeconds: SKEW / 1_000 }),
    operation: 'payments',
    runtime,
    ...(isRenewal ? { heartbeat: { leaseSeconds: RENEWED_LEASE } } : {}),
  })
  const request = aRequest(isRenewal ? { context: remaining(LONG) } : {})
  if (step === 'takeOver') await ending(pay(request, () => Promise.reject(boom)))

  proxy.script(...rulesOf(cell))
  refuse(cell)
  let runs = 0
  let toldLost = false
  const first = await ending(
    pay(request, async (claim) => {
      runs++
      if (isRenewal) {
        clock.advance((RENEWED_LEASE * 1_000) / 3)
        await runtime.beat()
        toldLost = claim?.signal.aborted === true
      }
      return ENDS[step]?.() ?? 'done'
    }),
  )
  const sends = proxy.seen.filter((seen) => seen.step === step).length + count()
  proxy.script()
  refuse(undefined)

  const atFirst = await read(tableName, request)
  if (surfacing === 'before the retry') await proxy.deliver()
  const between = await read(tableName, request)
  clock.advance((isRenewal ? RENEWED_LEASE * 1_000 : LEASE) + SKEW + 1_000)
  let reruns = 0
  const retry = await ending(
    pay(request, () => {
      reruns++
      return 'done'
    }),
  )
  const settled = await read(tableName, request)
  await proxy.deliver()
  const last = await read(tableName, request)

  const wanted = expected(cell)
  const isStored = atFirst?.status === 'SUCCEEDED'
  const isReplay = between?.status === 'SUCCEEDED'
  const faults = [
    sends >= 2 || `the fault was met by ${sends} sends`,
    runs === wanted.runs || `${runs} runs at first, ${wanted.runs} expected`,
    !toldLost || 'the handler was told that its claim is lost',
    shown(first) === wanted.first || `at first ${shown(first)}, ${wanted.first} expected`,
    wanted.stored === undefined || isStored === wanted.stored || `stored: ${isStored}, ${wanted.stored} expected`,
    shown(retry) === `done ${isReplay ? 'replayed' : 'created'}` || `the retry got ${shown(retry)}`,
    reruns === (isReplay ? 0 : 1) || `${reruns} runs at the retry`,
    settled?.status === 'SUCCEEDED' || `the record is ${settled?.status}`,
    isDeepStrictEqual(last, settled) || 'what arrived late changed the record',
  ]
  return faults.find((fault): fault is string => fault !== true)
}

const read = async (tableName: string, request: OnceRequest): Promise<StoredRecord | undefined> => {
  const item = await readItem(tableName, recordKeyOf(request))
  return item === undefined ? undefined : fromItem(item)
}

const shown = (outcome: Awaited<ReturnType<typeof ending<{ value: unknown; status: string }>>>): string => {
  if ('value' in outcome) return `${outcome.value.value} ${outcome.value.status}`
  const { code, message } = outcome.error as { code?: string; message: string }
  return code ?? message
}
