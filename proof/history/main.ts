/** `npm run history`: random load with kills and network faults, and a check of what the clients saw. */
import { parseArgs } from 'node:util'
import { checkHistory, type History } from '../../lib/testing/index.ts'
import { startDynamoDbLocal } from '../../local/dynamodb-local.ts'
import { answerCounts, load } from './load.ts'
import { describeKey, type Log } from './log.ts'

const HELP = `Calls random keys from many clients, with network faults and killed processes. Records what the clients saw and
what the handlers did, and checks that both fit one write-once register per key.

  npm run history -- [--seconds N]

  --seconds N  how long to run, 1 to 86400 (default 60)
  --help       print this text

Exit status: 0 if the history fits, 1 if it does not, 2 for bad flags.`

const DEFAULT_SECONDS = 60
const MOST_SECONDS = 86_400

const CLIENTS = 16
const PROCESSES = 2

const PROGRESS_EVERY = 10

/** Further keys most likely show the same fault. */
const MOST_KEYS_SHOWN = 3

const refuse = (message: string): never => {
  console.error(`npm run history: ${message}`)
  process.exit(2)
}

const readSeconds = (args: readonly string[]): number => {
  const options = { seconds: { type: 'string' }, help: { type: 'boolean' } } as const
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  let seconds = DEFAULT_SECONDS
  for (const token of tokens) {
    if (token.kind === 'option' && token.name === 'help') {
      console.log(HELP)
      process.exit(0)
    }
    if (token.kind !== 'option' || token.name !== 'seconds')
      return refuse(`${args[token.index]} is not known; --help lists the flags`)
    const text = token.value ?? ''
    seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (seconds < 1 || seconds > MOST_SECONDS) return refuse(`--seconds needs a whole number from 1 to ${MOST_SECONDS}`)
  }
  return seconds
}

const progress = (): ((log: Log) => void) => {
  let ticks = 0
  return (log) => {
    if (++ticks % PROGRESS_EVERY === 0)
      console.log(`${ticks} s: ${log.operations.length} operations, ${log.runs().length} runs`)
  }
}

const play = async (seconds: number): Promise<History> => {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // Makes the layer compute leases as on Lambda, which ends an invocation at its deadline.
  process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'history'
  const database = await startDynamoDbLocal()
  process.env.TEST_DYNAMODB_ENDPOINT = database.endpoint
  try {
    return await load({ seconds, clients: CLIENTS, processes: PROCESSES, progress: progress() })
  } finally {
    await database.stop()
  }
}

const seconds = readSeconds(process.argv.slice(2))
const history = await play(seconds)
const violations = checkHistory(history)
for (const key of [...new Set(violations.map((violation) => violation.key))].slice(0, MOST_KEYS_SHOWN)) {
  const ofKey = violations.filter((violation) => violation.key === key)
  console.log([...ofKey.map(({ rule, message }) => `${rule}: ${message}`), ...describeKey(history, key), ''].join('\n'))
}
const counts = Object.entries(answerCounts(history)).map(([answer, count]) => `${answer} ${count}`)
console.log(`answers: ${counts.join(', ')}`)
const keys = new Set(history.operations.map(({ key }) => key)).size
console.log(
  `history: ${history.operations.length} operations, ${history.runs.length} runs, ${keys} keys, violations ${violations.length}`,
)
process.exit(violations.length === 0 ? 0 : 1)
