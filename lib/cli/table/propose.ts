import { deriveFingerprint } from '../../core/identity/fingerprint.ts'
import { canonicalPayload } from '../../core/identity/payload.ts'
import { METHODS } from '../../core/limits.ts'
import { identify } from '../../http/identity.ts'
import { type HttpOptions, readHttpSettings } from '../../http/options.ts'
import { memoryStore } from '../../memory/index.ts'
import { type Answer, UsageError } from '../answer.ts'
import type { ProposeFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { act, reasonToWrite } from './act.ts'
import { loadOptions } from './load-options.ts'
import { isBatch, type Proposal, proposalOfMessage } from './message-proposal.ts'
import { readJson } from './read-json.ts'
import { recordKeyFrom } from './record-key.ts'

export const propose = async (flags: ProposeFlags, io: Io): Promise<Answer> => {
  const reason = reasonToWrite(flags, io)
  const { openSeconds } = flags
  const { recordKey, fingerprint } = await proposalFrom(flags)
  return act(flags, io, {
    recordKey,
    meaning: () => [
      `Propose that the payload ${fingerprint} may use this key, once. Another person approves it, unless the stack of the table says otherwise.`,
      'Once it has run, its outcome replaces the one of the record, and the payload of the record is refused (key-reused).',
    ],
    write: (operator, seen) => operator.propose(seen, { fingerprint, reason, openSeconds }),
  })
}

const proposalFrom = async (flags: ProposeFlags): Promise<Proposal> => {
  const { event, payload } = flags
  if (event !== undefined) return proposalOf(flags, await readJson('--event', event))
  if (payload === undefined)
    throw new UsageError('name the other payload: --event FILE for HTTP and SQS, --payload FILE for once')
  const canonical = canonicalPayload(await readJson('--payload', payload))
  return { recordKey: recordKeyFrom(flags), fingerprint: deriveFingerprint([{ kind: 'canonical', text: canonical }]) }
}

const proposalOf = (flags: ProposeFlags, event: unknown): Promise<Proposal> =>
  isBatch(event) ? proposalOfMessage(flags, event) : proposalOfEvent(flags, event)

/** What the function itself does with the event, under its options. */
const proposalOfEvent = async (flags: ProposeFlags, event: unknown): Promise<Proposal> => {
  const surplus = OF_THE_EVENT.filter((part) => flags[part] !== undefined)
  if (surplus.length > 0)
    throw new UsageError(`--event says it already; leave out ${surplus.map((part) => `--${part}`).join(', ')}`)
  const { own, hasScope } = await scopeOf(flags)
  const identified = await identify(readHttpSettings('the options of --config', own), event, {})
  if (identified.kind === 'refused' || identified.kind === 'denied')
    throw new UsageError(`--event: ${(identified.error as Error).message}`)
  if (identified.kind !== 'keyed')
    throw new UsageError('--event: the method of the request is safe to repeat, so it has no record')
  const { recordKey, fingerprint } = identified.claimRequest
  if (flags.record === undefined) return { recordKey: hasScope ? recordKey : recordKeyFrom(flags), fingerprint }
  const given = recordKeyFrom(flags)
  if (hasScope && recordKey !== given)
    throw new UsageError(`--event is a request for the record ${recordKey}, and --record names ${given}`)
  return { recordKey: given, fingerprint }
}

const OF_THE_EVENT = ['method', 'route', 'key'] as const

/** The function's options. Without its scope only the fingerprint counts, which depends neither on the scope nor on the key. */
const scopeOf = async ({ config, operation, tenant }: ProposeFlags) => {
  const loaded = config === undefined ? {} : await loadOptions(config)
  const hasScope = (operation ?? loaded.operation) !== undefined && (tenant ?? loaded.tenant) !== undefined
  const own = {
    ...loaded,
    operation: operation ?? loaded.operation ?? 'unknown',
    tenant: tenant === undefined ? (loaded.tenant ?? 'single-tenant') : () => tenant,
    ...(hasScope ? {} : { key: () => 'unknown' }),
    methods: METHODS,
    missingKey: 'reject',
    store: memoryStore(),
  } as unknown as HttpOptions<unknown>
  return { own, hasScope }
}
