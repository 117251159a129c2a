import type { Command } from 'commander'
import type { InspectFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { integer, withRecord } from './shared-options.ts'

export const addInspect = (program: Command, perform: Perform): void => {
  withRecord(program.command('inspect'))
    .summary('show one record')
    .description(
      'Shows one record in words: its state, who may retry and when, its steps, its outcome, and what persons did to it. ' +
        'With --serve it shows the records of the table on a page for your browser, which only reads.',
    )
    .option('--show-answer', 'show the stored answer, which may hold personal data')
    .option('--serve', 'serve the page on this computer, under a URL that cannot be guessed, until Ctrl-C')
    .option('--port <port>', "the page's port (default: a free one)", integer(1, 65_535))
    .addHelpText(
      'after',
      `
Examples:
  lambda-once inspect --table records --operation payments --tenant acme --method POST --route /payments --key order-1
  lambda-once inspect --table records --record 'payments#3q2-7w…' --json
  lambda-once inspect --table records --serve`,
    )
    .action(
      perform<InspectFlags>(async (flags, io) =>
        flags.serve
          ? (await import('../page/serve.ts')).serve(flags, io)
          : (await import('../table/inspect.ts')).inspect(flags, io),
      ),
    )
}
