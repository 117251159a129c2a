import { type Command, Option } from 'commander'
import type { PolicyFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { withJson } from './shared-options.ts'

export const addPolicy = (program: Command, perform: Perform): void => {
  withJson(program.command('policy'))
    .summary('print what the options of an HTTP handler mean')
    .description(
      'Prints what the options of an HTTP handler mean: what becomes of each conflict and of each failure, as tables, as ' +
        'JSON, or as components for an OpenAPI 3.1 document. It imports the module, and calls no store.',
    )
    .option('--config <module>', 'a module that exports the options of `idempotent` or `idempotency`; needed')
    .addOption(
      new Option('--format <format>', 'what to print').choices(['markdown', 'json', 'openapi']).default('markdown'),
    )
    .addHelpText(
      'after',
      `
Examples:
  lambda-once policy --config ./dist/payments-options.js
  lambda-once policy --config ./dist/payments-options.js --format openapi > idempotency.openapi.json`,
    )
    .action(perform<PolicyFlags>(async (flags) => (await import('../policy/policy.ts')).policy(flags)))
}
