/** A client process that is killed at random. It reports each run to its parent before the run's effect. */
import { type Ask, perform, type Watch, workerOf } from './worker.ts'

const [tableName = '', endpoint = ''] = process.argv.slice(2)
const worker = workerOf(tableName, endpoint)

const report = (message: object): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve())
  })

const watch: Watch = {
  started: (started) => report({ started }),
  ended: (ended) => void report({ ended }),
}

process.on('message', async (ask: Ask) => report({ answer: await perform(worker, ask, watch) }))
process.on('disconnect', () => process.exit(0))
await report({ ready: true })
