/** `npm run size`: how much the layer adds to a bundle and to a cold start. */
import { parseArgs } from 'node:util'
import { writeSection } from './report/document.ts'
import { markdownTable } from './report/table.ts'
import { bundle } from './size/bundle.ts'
import { DOORS, type Door, PEER_DOOR, strangers } from './size/doors.ts'
import { type ImportSubject, importTimes } from './size/import-time.ts'

const HELP = `npm run size -- [flags]

  --rounds N   processes for each import time (default 21; 0 skips the import times)
  --write      update the tables in docs/performance.md
  --help       print this text

Exit status: 1 if a bundle exceeds its limit or contains a module that it must not contain.
`

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
})

const kB = (bytes: number): string => (bytes / 1_000).toFixed(1)

const sizeRow = async (
  door: Door,
): Promise<{ readonly cells: readonly string[]; readonly faults: readonly string[] }> => {
  const made = await bundle({ source: door.source })
  const { minifiedBytes, gzipBytes } = made
  const faults = strangers(door, made).map((name) => `${door.name} contains ${name}`)
  if (door.most !== undefined && minifiedBytes > door.most.minified)
    faults.push(`${door.name}: ${minifiedBytes} bytes minified`)
  if (door.most !== undefined && gzipBytes > door.most.gzip) faults.push(`${door.name}: ${gzipBytes} bytes gzipped`)
  const target = door.target === undefined ? '' : `${kB(door.target.minified)} / ${kB(door.target.gzip)}`
  return { cells: [`\`${door.name}\``, kB(minifiedBytes), kB(gzipBytes), target], faults }
}

const LABELS: Readonly<Record<ImportSubject, string>> = {
  sdk: 'the SDK alone: client and three commands',
  ours: '`./http` + `./dynamodb`, with the SDK',
  powertools: 'Powertools: `/middleware` + `/dynamodb`, with the SDK',
  lean: '`./http` + `./dynamodb/lean`, without the SDK',
}

const importTable = async (rounds: number): Promise<string> => {
  const times = await importTimes(rounds)
  const rows = (Object.keys(LABELS) as ImportSubject[]).map((name) => {
    const { millis, bytes } = times[name]
    const above = millis - times.sdk.millis
    return [
      LABELS[name],
      kB(bytes),
      millis.toFixed(1),
      name === 'sdk' ? '' : above.toFixed(1),
      (millis / times.sdk.millis).toFixed(2),
    ]
  })
  return markdownTable(['import of', 'kB minified', 'ms', 'above the SDK, ms', 'times the SDK'], rows)
}

const main = async (): Promise<void> => {
  if (values.help) return void process.stdout.write(HELP)
  const rows = await Promise.all([...DOORS, PEER_DOOR].map(sizeRow))
  const sizes = markdownTable(
    ['SDK and Middy external', 'kB minified', 'kB gzip', 'target'],
    rows.map(({ cells }) => cells),
  )
  process.stdout.write(`${sizes}\n\n`)
  const rounds = Number(values.rounds ?? 21)
  const times = rounds > 0 ? await importTable(rounds) : ''
  if (times !== '') process.stdout.write(`${times}\n`)
  if (values.write) writeSection('size', times === '' ? sizes : `${sizes}\n\n${times}`)
  const faults = rows.flatMap((row) => row.faults)
  for (const fault of faults) process.stderr.write(`npm run size: ${fault}\n`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

await main()
