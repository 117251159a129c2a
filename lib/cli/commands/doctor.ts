import type { Command } from 'commander'
import type { TableFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { withTable } from './shared-options.ts'

export const addDoctor = (program: Command, perform: Perform): void => {
  withTable(program.command('doctor'))
    .summary('check the table')
    .description(
      "Checks the table: key, TTL, recovery, protection, replicas, the rule for overrides, and this computer's clock. It\n" +
        'writes nothing. It exits with 1 if a finding is bad.',
    )
    .addHelpText(
      'after',
      `
Example:
  lambda-once doctor --table records --region eu-central-1`,
    )
    .action(perform<TableFlags>(async (flags, io) => (await import('../doctor/doctor.ts')).doctor(flags, io)))
}
