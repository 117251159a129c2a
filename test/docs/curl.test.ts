import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { blocksOf } from '../support/doc-blocks.ts'
import { killRunning, startLocal } from '../support/local-process.ts'

afterAll(killRunning)

/** The parts that change from run to run. */
const masked = (text: string): string =>
  text.replace(/(?<![0-9a-f])[0-9a-f-]{36}(?=")/g, '…').replace(/"createdAt":"[^"]*"/g, '"createdAt":"…"')

test("the README's curl commands print what the README says", async () => {
  const blocks = blocksOf('README.md')
  const pairs = blocks.flatMap((block, at) => {
    const next = blocks[at + 1]
    return block.language === 'sh' && next?.language === 'http' ? [{ command: block.text, promised: next.text }] : []
  })
  expect(pairs).toHaveLength(8)
  const local = startLocal(['--port', '0'])
  const url = await local.url()
  for (const { command, promised } of pairs) {
    const { stdout } = await promisify(execFile)('bash', ['-c', command.replaceAll('http://127.0.0.1:3000', url)])
    const [head = '', body = ''] = stdout.replaceAll('\r', '').split('\n\n')
    const [promisedHead = '', promisedBody = ''] = promised.split('\n\n')
    expect(head.split('\n')).toEqual(expect.arrayContaining(promisedHead.split('\n')))
    expect(masked(body).trim()).toBe(promisedBody.trim())
  }
  local.signalGroup('SIGINT')
  await local.ended
}, 90_000)
