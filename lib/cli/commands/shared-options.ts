import { type Command, InvalidArgumentError, Option } from 'commander'

export const withJson = (command: Command): Command => command.option('--json', 'print one JSON document')

export const withTable = (command: Command): Command =>
  withReach(
    withJson(command)
      .addOption(new Option('--table <name>', 'name or ARN of the table').env('IDEMPOTENCY_TABLE'))
      .addOption(new Option('--keys <json>', 'key names of your own table').env('IDEMPOTENCY_KEYS')),
  )

/** How to reach DynamoDB. */
export const withReach = (command: Command): Command =>
  command
    .option('--region <region>', "the table's Region (default: as the AWS SDK finds it)")
    .option('--endpoint <url>', 'of DynamoDB, such as http://localhost:8000 for an emulator')
    .option('--profile <name>', 'of your AWS configuration')

export const withRecord = (command: Command): Command =>
  withTable(command)
    .option('--record <key>', "the record's key, as events and logs name it: payments#…")
    .option('--operation <name>', 'or what it is derived from: the option `operation`')
    .option('--tenant <tenant>', 'whose key it is; `single-tenant` if there are no tenants')
    .option('--method <method>', 'for HTTP: POST, PATCH and so on')
    .option('--route <route>', "for HTTP: the route's template, such as /payments/{id}/refunds, or the path")
    .option('--key <key>', 'the idempotency key, without the quotes of its header')

export const withWrite = (command: Command): Command =>
  withRecord(command)
    .option('--reason <text>', 'why, for the audit trail; needed')
    .option(
      '--by <name>',
      'who you are (default: the ARN that AWS STS reports; a name given here is marked unverified)',
    )
    .option('--yes', 'write without asking')
    .addOption(
      new Option('--audit-log <group>', 'also write a line for the act to this CloudWatch log group').env(
        'IDEMPOTENCY_AUDIT_LOG',
      ),
    )

/** A parser for a flag that takes an integer. */
export const integer =
  (least: number, most: number) =>
  (given: string): number => {
    const value = Number(given)
    if (/^\d+$/.test(given) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be an integer from ${least} to ${most}.`)
  }
