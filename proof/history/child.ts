/** A process that does what it is asked, and is killed while it does: whatever it knows it has told before. */
import { type Ask, perform, type Watch, workerOf } from './worker.ts'

const [tableName = '', endpoint = ''] = process.argv.slice(2)
const worker = workerOf(tableName, endpoint)

const tell = (message: object): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve())
  })

const watch: Watch = {
  started: (started) => tell({ started }),
  ended: (ended) => void tell({ ended }),
}

process.on('message', async (ask: Ask) => tell({ answer: await perform(worker, ask, watch) }))
process.on('disconnect', () => process.exit(0))
await tell({ ready: true })
