import { command } from './command.ts'

interface Scene {
  readonly name: string
  readonly wanted: number
  readonly without: { readonly charges: number; readonly answers: readonly string[] }
  readonly protected: { readonly charges: number; readonly answers: readonly string[] }
}

test('demo charges once with the layer, and too often without it, in every scene', async () => {
  const { status, json } = await command(['demo', '--json'])
  expect(status).toBe(0)
  const { scenes } = json as { readonly scenes: readonly Scene[] }
  expect(
    scenes.map(({ name, wanted, without, protected: safe }) => [name, wanted, without.charges, safe.charges]),
  ).toEqual([
    ['a retry', 1, 2, 1],
    ['20 parallel clicks', 1, 20, 1],
    ['a lost answer', 1, 2, 1],
    ['another body', 1, 2, 1],
    ['a crash', 1, 2, 1],
  ])
  expect(scenes.map(({ protected: { answers } }) => answers)).toEqual([
    ['201 created charge_1', '201 replayed charge_1'],
    ['201 created charge_1', '19 × 409 in-progress', '19 × 201 replayed charge_1'],
    ['201 replayed charge_1'],
    ['201 created charge_1', '422 key-reused'],
    ['no answer', '201 replayed charge_1'],
  ])
})

test('demo prints each scene, and a table of charges at the end', async () => {
  const { status, out } = await command(['demo'])
  expect(status).toBe(0)
  expect(out).toMatch(
    /SCENE +CHARGES WANTED +WITHOUT +WITH LAMBDA-ONCE\na retry +1 +2 +1\n20 parallel clicks +1 +20 +1\n/,
  )
  expect(out).not.toContain('\u001b[')
  expect((await command(['demo'], { colours: true })).out).toContain('\u001b[32m')
})
