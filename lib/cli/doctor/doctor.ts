import { DEFAULT_MAX_RUNS, DEFAULT_SQS_RETENTION_SECONDS } from '../../core/limits.ts'
import { tableKeys } from '../../dynamodb/keys/index.ts'
import type { Answer } from '../answer.ts'
import type { DoctorFlags } from '../flags.ts'
import { type Io, type Paint, paintOf } from '../io.ts'
import { tabular } from '../labelled.ts'
import { clientFor, configFor, keyOptionsFrom, openTable, tableNameFrom } from '../table/open-table.ts'
import { anOperation } from '../table/record-key.ts'
import type { Check, Facts, Judged, LayerNumbers, Verdict } from './check.ts'
import { CHECKS } from './checks.ts'
import { readFacts } from './facts.ts'
import { readPermissions } from './permissions.ts'
import { checkedQueueUrl, type QueueFacts, readQueue, readWorker, type WorkerFacts } from './worker-facts.ts'

const HUES: Readonly<Record<Verdict, keyof Paint>> = { ok: 'good', warn: 'warn', bad: 'bad', unknown: 'dim' }

export const doctor = async (flags: DoctorFlags, io: Io): Promise<Answer> => {
  const facts = await allFacts(flags, io)
  const findings = CHECKS.flatMap((check) => findingOf(check, facts))
  const paint = paintOf(io)
  const failed = findings.filter(({ verdict }) => verdict === 'warn' || verdict === 'bad')
  return {
    status: findings.some(({ verdict }) => verdict === 'bad') ? 1 : 0,
    json: { table: facts.tableName, findings },
    lines: [
      ...tabular(
        ['CHECK', 'VERDICT', 'FINDING'],
        findings.map(({ id, verdict, finding }) => [id, verdict, finding]),
        paint,
        (text, column, row) => (column === 1 ? paint[HUES[row[1] as Verdict]](text) : text),
      ),
      ...failed.flatMap(({ id, meaning, remedy }) => ['', paint.bold(id), `  ${meaning}`, `  ${remedy}`]),
    ],
  }
}

type Finding = Omit<Check, 'judge'> & Judged

const findingOf = ({ judge, ...check }: Check, facts: Facts): readonly Finding[] => {
  const judged = judge(facts)
  return judged === undefined ? [] : [{ ...check, ...judged }]
}

const allFacts = async (flags: DoctorFlags, io: Io): Promise<Facts> => {
  const tableName = tableNameFrom(flags)
  const queueUrl = flags.queue === undefined ? undefined : checkedQueueUrl(flags.queue)
  const operation = flags.operation === undefined ? undefined : anOperation(flags.operation)
  const client = clientFor(flags)
  const keys = keyOptionsFrom(flags)
  const ofTable = await readFacts(client, openTable(flags, io), tableName, io)
  const queue = queueUrl === undefined ? undefined : await queueAt(queueUrl, flags)
  const worker = flags.function === undefined ? undefined : await workerOf(flags.function, queue, flags)
  return {
    tableName,
    ...ofTable,
    keys,
    permissions: await readPermissions(client, tableName, operation, tableKeys(keys)),
    ...(queue === undefined ? {} : { queue }),
    ...(worker === undefined ? {} : { worker }),
    numbers: numbersOf(flags, worker),
  }
}

const queueAt = async (url: string, flags: DoctorFlags): Promise<QueueFacts> => {
  const { SQSClient } = await import('@aws-sdk/client-sqs')
  return readQueue(new SQSClient(configFor(flags)), url)
}

const workerOf = async (name: string, queue: QueueFacts | undefined, flags: DoctorFlags): Promise<WorkerFacts> => {
  const { LambdaClient } = await import('@aws-sdk/client-lambda')
  return readWorker(new LambdaClient(configFor(flags)), name, queue?.arn)
}

/** A flag wins over the variable that `IdempotentQueue` and `IdempotentFunction` set, and that over the default. */
const numbersOf = ({ maxRuns, retentionSeconds }: DoctorFlags, worker: WorkerFacts | undefined): LayerNumbers => {
  const { IDEMPOTENCY_MAX_RUNS, IDEMPOTENCY_RETENTION_SECONDS } = worker?.environment ?? {}
  return {
    maxRuns: maxRuns ?? Number(IDEMPOTENCY_MAX_RUNS ?? DEFAULT_MAX_RUNS),
    retentionSeconds: retentionSeconds ?? Number(IDEMPOTENCY_RETENTION_SECONDS ?? DEFAULT_SQS_RETENTION_SECONDS),
  }
}
