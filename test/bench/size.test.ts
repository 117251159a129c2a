import { bundle } from '../../bench/size/bundle.ts'
import { DOORS, strangers } from '../../bench/size/doors.ts'

test.each(DOORS.map((door) => [door.name, door] as const))(
  'The bundle of %s contains no module that its user did not import.',
  async (_, door) => {
    const made = await bundle({ source: door.source })
    expect(strangers(door, made)).toEqual([])
    if (door.most === undefined) return
    expect(made.minifiedBytes).toBeLessThanOrEqual(door.most.minified)
    expect(made.gzipBytes).toBeLessThanOrEqual(door.most.gzip)
  },
)

test('A bundle that contains another module is detected.', async () => {
  const door = {
    name: 'mixed',
    source: `export * from './lib/sqs/index.ts'; export * from 'lru-cache'`,
    without: ['lib/sqs', 'lru-cache'],
  }
  const found = strangers(door, await bundle(door))
  expect(found).toContain('lib/sqs/index.ts')
  expect(found.some((name) => name.includes('node_modules/lru-cache'))).toBe(true)
})
