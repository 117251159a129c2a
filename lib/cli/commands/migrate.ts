import type { Command } from 'commander'
import type { PowertoolsFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { integer, withJson, withReach } from './shared-options.ts'

export const addMigrate = (program: Command, perform: Perform): void => {
  const migrate = program
    .command('migrate')
    .summary('look at the table of another library')
    .description('Looks at the table of another library, from which an operation moves to lambda-once.')
  withReach(withJson(migrate.command('powertools')))
    .summary('count the records of a Powertools table')
    .description(
      'Counts the records of a Powertools table, and says whether the old function still runs, which records it left in ' +
        'doubt, and until when the option `predecessor` is needed. It writes nothing. It exits with 1 while the old ' +
        'function may be running.',
    )
    .option('--from <name>', 'name or ARN of the Powertools table; needed')
    .option('--read-units <count>', 'stop after this many read units', integer(1, 100_000_000), 10_000)
    .option('--status-attr <name>', 'the option statusAttr of the old function', 'status')
    .option('--expiry-attr <name>', 'the option expiryAttr of the old function', 'expiration')
    .option('--in-progress-expiry-attr <name>', 'the option inProgressExpiryAttr', 'in_progress_expiration')
    .addHelpText(
      'after',
      `
Nothing is copied: an old record holds a digest of what the old function selected, and the record of lambda-once needs the
key and the payload themselves. The option \`predecessor\` moves each record when its request comes again.

Example:
  lambda-once migrate powertools --from powertools-idempotency`,
    )
    .action(
      perform<PowertoolsFlags>(async (flags, io) => (await import('../migrate/powertools.ts')).powertools(flags, io)),
    )
}
