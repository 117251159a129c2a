import { type DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb'
import { DEFAULT_SKEW_SECONDS } from '../../core/limits.ts'
import { type EpochMillis, fromSeconds } from '../../core/time.ts'
import type { Item } from '../../dynamodb/item.ts'
import { judgeOld } from '../../migrate/judge-old.ts'
import { type OldRecord, oldRecord } from '../../migrate/powertools-item.ts'
import { operatorFault } from '../../operator/faults.ts'
import { type Answer, UsageError } from '../answer.ts'
import type { PowertoolsFlags } from '../flags.ts'
import { type Io, type Paint, paintOf } from '../io.ts'
import { labelled } from '../labelled.ts'
import { clientFor } from '../table/open-table.ts'
import { iso } from '../table/record-view.ts'

/** What a request finds in the old table, by how many records. */
interface Counts {
  /** Completed and not expired: replayed. */
  replayed: number
  /** The old function may be running. */
  running: number
  /** Left in progress: the option `abandoned` decides. */
  inDoubt: number
  /** Expired: as if absent. */
  expired: number
  /** When the last completed record expires. */
  lastExpiry: number
}

interface Found extends Counts {
  readonly readUnits: number
  readonly isWhole: boolean
}

export const powertools = async (flags: PowertoolsFlags, io: Io): Promise<Answer> => {
  const { from } = flags
  if (from === undefined) throw new UsageError('name the Powertools table: --from NAME')
  const found = await scan(clientFor(flags), from, flags, io.now())
  const { lastExpiry, isWhole, running } = found
  const neededUntil = lastExpiry === 0 || !isWhole || running > 0 ? null : iso(lastExpiry)
  return {
    status: running === 0 && isWhole ? 0 : 1,
    json: { table: from, ...found, lastExpiry: undefined, neededUntil },
    lines: linesOf(found, paintOf(io)),
  }
}

/** A strongly consistent scan: a run that has just begun must not be missed. */
const scan = async (
  client: DynamoDBClient,
  TableName: string,
  flags: PowertoolsFlags,
  now: EpochMillis,
): Promise<Found> => {
  const counts: Counts = { replayed: 0, running: 0, inDoubt: 0, expired: 0, lastExpiry: 0 }
  let readUnits = 0
  let next: ScanCommandOutput['LastEvaluatedKey']
  do {
    const page: ScanCommandOutput = await client
      .send(
        new ScanCommand({
          TableName,
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
          ...projection(flags),
          ...(next === undefined ? {} : { ExclusiveStartKey: next }),
        }),
      )
      .catch((error: unknown) => {
        throw operatorFault(error, TableName)
      })
    for (const item of page.Items ?? []) count(counts, oldRecord(item as Item, flags, TableName), now)
    readUnits += page.ConsumedCapacity?.CapacityUnits ?? 0
    next = page.LastEvaluatedKey
  } while (next !== undefined && readUnits < flags.readUnits)
  return { ...counts, readUnits, isWhole: next === undefined }
}

/** The stored answers stay where they are: they may hold personal data. */
const projection = ({ statusAttr, expiryAttr, inProgressExpiryAttr }: PowertoolsFlags) => ({
  ProjectionExpression: '#status, #expiry, #until',
  ExpressionAttributeNames: { '#status': statusAttr, '#expiry': expiryAttr, '#until': inProgressExpiryAttr },
})

const count = (counts: Counts, record: OldRecord, now: EpochMillis): void => {
  const { kind } = judgeOld(record, { now, skew: fromSeconds(DEFAULT_SKEW_SECONDS), validation: undefined })
  if (kind === 'replay') {
    counts.replayed += 1
    counts.lastExpiry = Math.max(counts.lastExpiry, record.expiresAt)
  }
  if (kind === 'conflict') counts.running += 1
  if (kind === 'inDoubt') counts.inDoubt += 1
  if (kind === 'absent') counts.expired += 1
}

/** Whoever drops the option too early runs again what is stored, still going on, or in doubt. */
const neededUntilWords = ({ lastExpiry, inDoubt, running, isWhole }: Found): string => {
  if (!isWhole) return 'not known: a part of the table was not read'
  if (running > 0) return 'not known: the old function may be running'
  const ends = [
    ...(lastExpiry === 0 ? [] : [iso(lastExpiry)]),
    ...(inDoubt === 0 ? [] : ['the records in doubt are decided']),
  ]
  return ends.length === 0 ? 'not needed: nothing is left there' : ends.join(', and ')
}

const linesOf = (found: Found, paint: Paint): readonly string[] => {
  const { replayed, running, inDoubt, expired, readUnits, isWhole } = found
  return [
    ...labelled(
      [
        ['In progress', running === 0 ? 'none' : paint.bad(`${running}: the old function may be running`)],
        ['In doubt', `${inDoubt} left in progress: the option abandoned decides about them`],
        ['Completed', `${replayed} are replayed by the option predecessor`],
        ['Expired', `${expired} count as absent`],
        ['Needed until', neededUntilWords(found)],
        ['Cost', `${readUnits} read units`],
      ],
      paint,
    ),
    ...(isWhole ? [] : ['This is a part of the table: raise --read-units to read all of it.']),
  ]
}
