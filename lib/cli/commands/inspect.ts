import type { Command } from 'commander'
import type { InspectFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { withRecord } from './shared-options.ts'

export const addInspect = (program: Command, perform: Perform): void => {
  withRecord(program.command('inspect'))
    .summary('show one record')
    .description(
      'Shows one record in words: its state, who may retry and when, its steps, its outcome, and what persons did to it.',
    )
    .option('--show-answer', 'show the stored answer, which may hold personal data')
    .addHelpText(
      'after',
      `
Examples:
  lambda-once inspect --table records --operation payments --tenant acme --method POST --route /payments --key order-1
  lambda-once inspect --table records --record 'payments#3q2-7w…' --json`,
    )
    .action(perform<InspectFlags>(async (flags, io) => (await import('../table/inspect.ts')).inspect(flags, io)))
}
