import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type StoreGate, startStoreGate } from '../../local/store-gate.ts'

let database: Server
let gate: StoreGate
let changes: (number | undefined)[]

beforeEach(async () => {
  changes = []
  database = createServer((_, response) => response.end('answer')).listen(0, '127.0.0.1')
  await once(database, 'listening')
  const url = `http://127.0.0.1:${(database.address() as AddressInfo).port}`
  gate = await startStoreGate(url, () => changes.push(gate.shutUntil()))
})

afterEach(async () => {
  await gate.stop()
  database.close()
  database.closeAllConnections()
})

const ask = async (): Promise<string> => (await fetch(gate.endpoint)).text()

test('An open gate passes everything on; a shut one breaks old and new connections until it opens again.', async () => {
  expect(await ask()).toBe('answer')
  const before = Date.now()
  gate.shut(300)
  for (let tries = 0; tries < 3; tries++) await expect(ask()).rejects.toThrow('fetch failed')
  while (gate.shutUntil() !== undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(Date.now() - before).toBeGreaterThanOrEqual(290)
  expect(await ask()).toBe('answer')
  expect(changes).toEqual([expect.any(Number), undefined])
})

test('A connection that is open when the gate shuts breaks without an answer.', async () => {
  database.removeAllListeners('request')
  const arrived = once(database, 'request')
  const asked = ask()
  await arrived
  gate.shut(50)
  await expect(asked).rejects.toThrow('fetch failed')
})
