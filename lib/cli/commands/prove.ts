import type { Command } from 'commander'
import type { ProveFlags } from '../flags.ts'
import type { Perform } from '../perform.ts'
import { integer, withJson } from './shared-options.ts'

/** One burst. More would be a load test, and would measure the client. */
const MAX_REQUESTS = 200

export const addProve = (program: Command, perform: Perform): void => {
  withJson(program.command('prove'))
    .summary('send one request many times to a running API')
    .description(
      'Sends one request many times at once to a running API, then a retry, then another body with the same key, and checks ' +
        'the answers. The first one is a real request: use a staging API.',
    )
    .option('--url <url>', 'the request goes here; needed')
    .option('--body <json>', 'its body, or @FILE; needed')
    .option('--n <count>', 'how many at once', integer(2, MAX_REQUESTS), 50)
    .option('--method <method>', 'its method', 'POST')
    .option('--key <key>', 'the idempotency key (default: a new one)')
    .option(
      '--header <line>',
      'a header, such as "Authorization: Bearer …"; may be repeated',
      (line: string, lines: readonly string[] = []) => [...lines, line],
    )
    .option('--other-body <json>', 'the other body, or @FILE (default: --body with its first number one higher)')
    .option(
      '--effects-url <url>',
      'answers the number of effects: a JSON number, an array, or an object with one of them',
    )
    .option('--i-own-this-api', 'allow a host that is not this computer')
    .addHelpText(
      'after',
      `
Example:
  lambda-once prove --url http://localhost:3000/payments --body '{"amount":100,"currency":"EUR"}' --n 50`,
    )
    .action(perform<ProveFlags>(async (flags, io) => (await import('../prove/prove.ts')).prove(flags, io)))
}
