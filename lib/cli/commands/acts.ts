import { type Command, Option } from 'commander'
import { MAX_OVERRIDE_SECONDS, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS } from '../../core/limits.ts'
import type { ExtendFlags, ProposeFlags, ReleaseFlags, SettleFlags, StepFlags, WriteFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { integer, withWrite } from './shared-options.ts'

const retention = integer(MIN_RETENTION_SECONDS, MAX_RETENTION_SECONDS)

const withLease = (command: Command): Command =>
  command.option('--despite-live-lease', 'act although the owner may be running: its outcome is then lost')

const withEnd = (command: Command): Command =>
  withLease(
    withWrite(command).option(
      '--retention-seconds <count>',
      'the same as in your function (default: 86400, a day; settle --fact-only: 1296000)',
      retention,
    ),
  )

export const addActs = (program: Command, perform: Perform): void => {
  withEnd(program.command('settle'))
    .summary('the effect happened: give every retry its answer')
    .description('Settles a record in progress whose effect happened. Every retry gets the answer that you give.')
    .addOption(
      new Option('--answer <file>', 'for HTTP: JSON { statusCode, headers, body }; - reads standard input').conflicts([
        'value',
        'factOnly',
      ]),
    )
    .addOption(
      new Option('--value <file>', 'for `once`: the value as JSON; - reads standard input').conflicts('factOnly'),
    )
    .option('--fact-only', 'for SQS: the fact alone, without an answer')
    .addOption(
      new Option('--status <status>', 'default: FAILED for an HTTP status from 400, otherwise SUCCEEDED').choices([
        'SUCCEEDED',
        'FAILED',
      ]),
    )
    .addHelpText(
      'after',
      `
Example:
  lambda-once settle --table records --record 'payments#3q2-7w…' --answer answer.json \\
    --reason 'The provider has charge ch_42'`,
    )
    .action(perform<SettleFlags>(async (flags, io) => (await import('../table/acts.ts')).settle(flags, io)))

  withEnd(program.command('release'))
    .summary('nothing was done: let the next request run')
    .description('Releases a record whose effect did not happen. The next request runs, with new downstream keys.')
    .option('--forget-success', 'release a record that succeeded: the effect happens again')
    .option('--forget-steps', 'release a record with steps that are done or in doubt: they run again')
    .addHelpText(
      'after',
      `
Example:
  lambda-once release --table records --record 'payments#3q2-7w…' --reason 'The provider has no charge'`,
    )
    .action(perform<ReleaseFlags>(async (flags, io) => (await import('../table/acts.ts')).release(flags, io)))

  withLease(withWrite(program.command('step')))
    .summary('a step in doubt: give its result, or let it run again')
    .description(
      'Decides one step that has started and must not run twice. The next retry goes on from there: the results of the ' +
        'other steps stay.',
    )
    .option('--step <name>', 'the name that the handler gave it; `inspect` shows it; needed')
    .addOption(
      new Option('--done <file>', 'it was done, and this is its result as JSON; - reads standard input').conflicts(
        'rerun',
      ),
    )
    .option('--rerun', 'it was not done, and can no longer happen: it runs again, with the same downstream key')
    .addHelpText(
      'after',
      `
Under abandoned: 'hold', and after rerunWithinSeconds, no retry runs. There, do by hand what is
missing, and settle the record. A release runs all its steps again.

Examples:
  lambda-once step --table records --record 'orders#3q2-7w…' --step mail --done mail.json \\
    --reason 'The provider has sent message m_42'
  lambda-once step --table records --record 'orders#3q2-7w…' --step mail --rerun --reason 'No message was sent'`,
    )
    .action(perform<StepFlags>(async (flags, io) => (await import('../table/acts.ts')).step(flags, io)))

  withWrite(program.command('extend'))
    .summary('keep a settled record longer')
    .description('Keeps a settled record longer, for example while a client is repaired that still sends the request.')
    .option('--retention-seconds <count>', 'how long, counted from now; needed', retention)
    .addHelpText(
      'after',
      `
Example:
  lambda-once extend --table records --record 'payments#3q2-7w…' --retention-seconds 604800 --reason 'Client bug 17'`,
    )
    .action(perform<ExtendFlags>(async (flags, io) => (await import('../table/acts.ts')).extend(flags, io)))

  addOverride(program, perform)
}

const addOverride = (program: Command, perform: Perform): void => {
  const override = program
    .command('override')
    .summary('let one other payload use a key, once')
    .description(
      'Lets one other payload use a key, once. One person proposes it and another approves it, unless the stack of the ' +
        'table says otherwise.',
    )

  withWrite(override.command('propose'))
    .summary('name the other payload')
    .description("Proposes an override. It computes the payload's fingerprint as the function does.")
    .addOption(
      new Option(
        '--event <file>',
        'for HTTP, and SQS with one message: the event as Lambda gets it, as JSON; - reads standard input',
      ).conflicts('payload'),
    )
    .option('--payload <file>', 'for `once`: the payload as JSON; - reads standard input')
    .option(
      '--config <module>',
      "a module that exports your function's options: `tenant`, `key`, `route`, `parse`, `payload`",
    )
    .option('--open-seconds <count>', 'how long it may be used', integer(60, MAX_OVERRIDE_SECONDS), 86_400)
    .addHelpText(
      'after',
      `
With --event you need neither --method nor --route nor --key: they are read from the event. The key of a message is read
from it by the option \`key\` of --config; otherwise give --key or --record. With --config you need no
--tenant and no --operation if the options have them.

Examples:
  lambda-once override propose --table records --operation payments --tenant acme --event event.json \\
    --reason 'The shop sent the wrong amount'
  lambda-once override propose --table records --record 'payments#3q2-7w…' --payload order.json --reason 'As agreed'`,
    )
    .action(perform<ProposeFlags>(async (flags, io) => (await import('../table/propose.ts')).propose(flags, io)))

  for (const [act, summary] of [
    ['approve', 'allow what another person has proposed'],
    ['withdraw', 'take an override back, approved or not'],
  ] as const) {
    withWrite(override.command(act))
      .summary(summary)
      .description(`Overrides: ${summary}.`)
      .addHelpText(
        'after',
        `
Example:
  lambda-once override ${act} --table records --record 'payments#3q2-7w…' --reason 'Checked with the shop'`,
      )
      .action(perform<WriteFlags>(async (flags, io) => (await import('../table/acts.ts'))[act](flags, io)))
  }
}
