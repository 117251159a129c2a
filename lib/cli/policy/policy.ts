import { type HttpOptions, readHttpSettings } from '../../http/options.ts'
import { memoryStore } from '../../memory/index.ts'
import { type Answer, UsageError } from '../answer.ts'
import type { PolicyFlags } from '../flags.ts'
import { loadOptions } from '../table/load-options.ts'
import { openApiOf } from './openapi.ts'
import { factsOf, type PolicyFacts } from './policy-facts.ts'

export const policy = async ({ config, format }: PolicyFlags): Promise<Answer> => {
  if (config === undefined) throw new UsageError('name the module with your options: --config MODULE')
  // The middleware's own option says nothing about the policy.
  const { timeoutEarlyInMillis: _, ...loaded } = await loadOptions(config)
  const own = { store: memoryStore(), ...loaded } as unknown as HttpOptions<never>
  const settings = readHttpSettings('the options of --config', own)
  const facts = factsOf(settings)
  const json = format === 'openapi' ? openApiOf(settings, facts) : facts
  const lines = format === 'markdown' ? markdownOf(facts) : JSON.stringify(json, null, 2).split('\n')
  return { status: 0, json, lines }
}

const markdownOf = (facts: PolicyFacts): readonly string[] => {
  const { operation, methods, key, conflicts, failures } = facts
  const source = key === 'function' ? 'a function of the event' : `the header \`${key.header}\` (${key.profile})`
  const seconds = `${facts.retentionSeconds} s`
  const rerun = facts.rerunWithinSeconds === undefined ? '' : `, within ${facts.rerunWithinSeconds} s`
  return [
    `# The operation ${operation}`,
    '',
    `Protects ${methods.join(', ')}. The key comes from ${source}; a request without one: \`${facts.missingKey}\`. Outcomes are ` +
      `kept for ${seconds}. A record in doubt: \`${facts.abandoned}\`${rerun}.${besides(facts)}`,
    '',
    '## Conflicts',
    '',
    ...table(
      ['the record is …', 'the request is …'],
      conflicts.map(({ record, result }) => [record, result]),
    ),
    '',
    '## Failures',
    '',
    ...table(
      ['the handler …', 'the claim is …', 'the caller gets', 'a retry gets'],
      failures.map(({ handler, claim, caller, retry }) => [handler, claim, caller, retry]),
    ),
    '',
    'The rows about answers are what the option `outcomes` decides by the status alone.',
  ]
}

/** The options that change what happens before a row of the tables holds. */
const besides = ({ waitSeconds, predecessor }: PolicyFacts): string =>
  (waitSeconds === undefined
    ? ''
    : ` A conflict is answered after a wait of up to ${waitSeconds} s for the other run.`) +
  (predecessor === undefined ? '' : ' Before a run the earlier table is read, and what it has is replayed.')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
