import type { Command } from 'commander'
import { MAX_MAX_RUNS, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS } from '../../core/limits.ts'
import type { DoctorFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { integer, withTable } from './shared-options.ts'

export const addDoctor = (program: Command, perform: Perform): void => {
  withTable(program.command('doctor'))
    .summary('check the table, permissions, a queue and its worker')
    .description(
      'Checks the table, your permissions, and with --queue and --function the numbers of a queue and its worker. It ' +
        'changes nothing. It exits with 1 if a finding is bad.',
    )
    .option('--queue <url>', 'check this SQS queue; needs @aws-sdk/client-sqs')
    .option('--function <name>', 'check this Lambda function; needs @aws-sdk/client-lambda')
    .option('--operation <name>', "your credentials are a function's: check what it needs for this operation")
    .option(
      '--max-runs <count>',
      "the worker's option (default: its variable IDEMPOTENCY_MAX_RUNS, or 3)",
      integer(1, MAX_MAX_RUNS),
    )
    .option(
      '--retention-seconds <count>',
      "the worker's option (default: its variable IDEMPOTENCY_RETENTION_SECONDS, or 1296000)",
      integer(MIN_RETENTION_SECONDS, MAX_RETENTION_SECONDS),
    )
    .addHelpText(
      'after',
      `
Permissions are tried with writes whose condition never holds: they cost a write unit each, and change nothing.

Examples:
  lambda-once doctor --table records --region eu-central-1
  lambda-once doctor --table records --queue https://sqs.eu-central-1.amazonaws.com/123456789012/orders \\
    --function process-orders`,
    )
    .action(perform<DoctorFlags>(async (flags, io) => (await import('../doctor/doctor.ts')).doctor(flags, io)))
}
