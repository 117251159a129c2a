import { type Command, Option } from 'commander'
import type { ListFlags } from '../flags.ts'
import { LIST_BOUNDS, LISTED_STATES } from '../listed-states.ts'
import type { Perform } from '../perform.ts'
import { integer, withTable } from './shared-options.ts'

export const addList = (program: Command, perform: Perform): void => {
  withTable(program.command('list'))
    .summary('list the records of a state')
    .description(
      'Lists the records of one state. There is no index on the state, so it scans the table, and says first what that ' +
        'costs. It stops at --limit or --read-units, and prints the --from of the rest.',
    )
    .addOption(new Option('--state <state>', 'which records').choices(LISTED_STATES).default('abandoned'))
    .option('--operation <name>', 'only records of this operation')
    .option('--limit <count>', 'stop after this many records', integer(1, 10_000), LIST_BOUNDS.limit)
    .option('--read-units <count>', 'stop after this many read units', integer(1, 100_000_000), LIST_BOUNDS.readUnits)
    .option('--from <record>', 'go on behind this record')
    .addHelpText(
      'after',
      `
States:
  abandoned  in progress, its lease is over or was given up: the effect may have happened
  live       in progress under a lease
  override   with a proposed or approved override

Examples:
  lambda-once list --table records
  lambda-once list --table records --state failed --operation payments --limit 20 --json`,
    )
    .action(perform<ListFlags>(async (flags, io) => (await import('../table/list.ts')).list(flags, io)))
}
