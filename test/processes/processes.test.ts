import { type ChildProcess, fork } from 'node:child_process'
import { once as emitted } from 'node:events'
import { fileURLToPath } from 'node:url'
import { databaseEnvironment, freshTable } from '../support/dynamodb.ts'

const PROCESSES = 8
const ROUNDS = 25

interface Paid {
  readonly ran: number
  readonly statusCode: number
  readonly status: string | undefined
  readonly body: string
}

let children: ChildProcess[] = []

beforeAll(async () => {
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    IDEMPOTENCY_TABLE: await freshTable(),
    ...databaseEnvironment(),
  }
  const file = fileURLToPath(new URL('./payer.ts', import.meta.url))
  children = Array.from({ length: PROCESSES }, () => fork(file, { env, execArgv: ['--import', 'tsx'] }))
  await Promise.all(children.map((child) => emitted(child, 'message')))
}, 60_000)

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

const ask = async (child: ChildProcess, key: string): Promise<Paid> => {
  const answer = emitted(child, 'message')
  child.send(key)
  return (await answer)[0] as Paid
}

describe('processes that share only the table', () => {
  test(`A3: of ${PROCESSES} simultaneous first calls one runs, ${ROUNDS} times`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(children.map((child) => ask(child, `race-${round}`)))
      expect(answers.reduce((sum, { ran }) => sum + ran, 0)).toBe(1)
      expect(answers.filter(({ status }) => status === 'created')).toHaveLength(1)
      expect(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 409)).toBe(true)
      const bodies = new Set(answers.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body))
      expect(bodies.size).toBe(1)
    }
  }, 60_000)

  test("A2: a retry in another process gets the first one's answer", async () => {
    const [first, ...others] = children
    if (first === undefined) throw new Error('no process')
    const paid = await ask(first, 'k-1')
    expect(paid).toMatchObject({ ran: 1, status: 'created' })
    for (const other of others) {
      expect(await ask(other, 'k-1')).toEqual({ ran: 0, statusCode: 201, status: 'replayed', body: paid.body })
    }
  })
})
