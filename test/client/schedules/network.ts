import type { Random } from '../../../proof/simulation/random.ts'
import type { VirtualTime } from '../../support/virtual-time.ts'

/** A server in the process. Rejects if it dies before it answers. */
export type Server = (request: Request) => Promise<Response>

export interface World {
  readonly time: VirtualTime
  readonly random: Random
  /** How often each thing happened. */
  readonly count: (what: string) => void
  /** After this time nothing is lost, late or refused any more. */
  readonly calmAt: number
}

type Fate = (world: World, server: Server, request: Request) => Promise<Response>

const lost = (): Promise<never> => Promise.reject(new TypeError('fetch failed'))
const never = (): Promise<never> => new Promise(() => {})
const pause = ({ time, random }: World, most: number): Promise<void> => time.sleep(random.between(0, most))

/** Somewhere between the client and the server the request goes on, whoever waits for its answer. */
const detached = (answer: Promise<Response>): Promise<Response | undefined> => answer.catch(() => undefined)

const passes: Fate = async (world, server, request) => {
  await pause(world, 50)
  const response = await detached(server(request))
  await pause(world, 50)
  return response ?? new Response('Bad Gateway', { status: 502 })
}

const FATES: Readonly<Record<string, Fate>> = {
  'lost on the way': async (world) => {
    await pause(world, 2_000)
    return lost()
  },
  'late, after the client has given up': async (world, server, request) => {
    world.time.sleep(world.random.between(0, 90_000)).then(() => detached(server(request)))
    await pause(world, 2_000)
    return lost()
  },
  'answer lost': async (world, server, request) => {
    await passes(world, server, request)
    return lost()
  },
  'connection lost during the run': async (world, server, request) => {
    detached(server(request))
    await pause(world, 500)
    return lost()
  },
  'answer cut off': async (world, server, request) => {
    const { status, headers } = await passes(world, server, request)
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"id":"')),
      pull: (controller) => controller.error(new TypeError('terminated')),
    })
    return new Response(body, { status, headers })
  },
  'no answer, ever': async (_, server, request) => {
    detached(server(request))
    return never()
  },
  'slow both ways': async (world, server, request) => {
    await pause(world, 40_000)
    const response = await passes(world, server, request)
    await pause(world, 20_000)
    return response
  },
  doubled: async (world, server, request) => {
    const copy = request.clone() as Request
    const second = pause(world, 3_000).then(() => passes(world, server, copy))
    const first = passes(world, server, request)
    return world.random.chance(0.5) ? first : Promise.race([first, second])
  },
  'refused before the server': async ({ random, time }) => {
    const seconds = random.between(0, 8)
    const headers = random.pick<Record<string, string>>([
      {},
      { 'retry-after': String(seconds) },
      { 'retry-after': new Date(time.now() + seconds * 1_000).toUTCString() },
    ])
    return new Response('{"message":"busy"}', { status: random.pick([408, 425, 429, 500, 502, 503, 504]), headers })
  },
  'a time-out of the gateway': async (world, server, request) => {
    detached(server(request))
    await pause(world, 1_000)
    return new Response('{"message":"Endpoint request timed out"}', { status: 504 })
  },
}

/** What can happen to one attempt. */
export const FAULTS: readonly string[] = Object.keys(FATES)

/** A `fetch` to the server, over a network that does anything but change a request. */
export const network =
  (world: World, server: Server): ((url: string, init: RequestInit) => Promise<Response>) =>
  async (url, init) => {
    const request = new Request(new URL(url, 'https://shop.example'), { ...init, signal: null })
    const isCalm = world.time.now() >= world.calmAt || world.random.chance(0.3)
    const name = isCalm ? 'passes' : world.random.pick(FAULTS)
    world.count(name)
    const { signal } = init
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
    return Promise.race([(FATES[name] ?? passes)(world, server, request), aborted])
  }
