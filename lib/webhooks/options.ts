import { RETENTION_MARGIN_SECONDS } from '../core/limits.ts'
import { isObject, OptionError, type Rule, type Rules } from '../core/option-rules.ts'
import type { CommonOptions } from '../core/options.ts'
import type { AnswerPolicy } from '../core/outcome/outcome-policy.ts'
import { type HttpSettings, readHttpSettings } from '../http/options.ts'
import type { ReplayHeaders } from '../http/replay-headers.ts'
import { ADMISSION_RULES, type AdmissionOptions, type AdmissionSettings, readAdmission } from './admission-options.ts'
import type { WebhookDelivery } from './delivery.ts'

/** The options of `webhook`, in addition to the common ones. */
export interface WebhookOptions<TEvent> extends AdmissionOptions<TEvent>, CommonOptions<WebhookDelivery<TEvent>> {
  /**
   * How long an event is remembered, in seconds: an integer from 1,501 to 3,153,600,000. Not less than the
   * provider's `redeliversForSeconds`: a later delivery of an event would run again.
   *
   * @default the provider's `redeliversForSeconds` and a day
   */
  readonly retentionSeconds?: number | undefined
  /**
   * What the fingerprint covers: a function of the delivery that answers any JSON value. The same id with another payload
   * is `key-reused` (422).
   *
   * @default nothing: the sender answers for its ids, and may write an event differently when it delivers it again
   */
  readonly payload?: ((delivery: WebhookDelivery<TEvent>) => unknown) | undefined
  /**
   * The status for a delivery of an event that another invocation is handling. `409`: the sender tries again later. `202`:
   * it does not, and the event is lost if that other invocation fails.
   *
   * @default 409
   */
  readonly duplicateInProgress?: 202 | 409 | undefined
  /**
   * Which answers are stored: `storeSuccess` and the other policies of `lambda-once/http`, or your own.
   * @default storeSuccess: stores a 2xx and 3xx; a 4xx releases the event, a 5xx abandons it
   */
  readonly outcomes?: AnswerPolicy | undefined
  /**
   * Which headers of the answer are stored and replayed.
   * @default { deny: [] }
   */
  readonly replayHeaders?: ReplayHeaders | undefined
}

/** {@link WebhookOptions}, checked, with defaults. */
export interface WebhookSettings<TEvent> {
  readonly admission: AdmissionSettings<TEvent>
  readonly http: HttpSettings<WebhookDelivery<TEvent>>
  readonly duplicateInProgress: 202 | 409
}

const refused = (reason: string): Rules[string] => ({ refused: true, rule: () => `must be absent: ${reason}` })

const aStatus: Rule = (value) => (value === 202 || value === 409 ? undefined : 'must be 202 or 409')

const WEBHOOK_RULES: Rules = {
  ...ADMISSION_RULES,
  duplicateInProgress: { rule: aStatus },
  missingKey: refused('without an id, two events cannot be distinguished'),
  inProgress: refused('a webhook has duplicateInProgress'),
  otherEvents: refused('a webhook is an HTTP request'),
  methods: refused('the signature decides what is handled'),
  route: refused('the id of an event is the same on every route'),
  likelyReplay: refused('senders seldom deliver twice'),
  cors: refused('no browser calls a webhook'),
}

export const readWebhookSettings = <TEvent>(
  where: string,
  options: WebhookOptions<TEvent>,
): WebhookSettings<TEvent> => {
  const http = readHttpSettings<WebhookDelivery<TEvent>>(where, withRetention(options) as never, WEBHOOK_RULES)
  assertRemembered(where, options)
  return {
    admission: readAdmission(where, options, options.payload),
    http,
    duplicateInProgress: options.duplicateInProgress ?? 409,
  }
}

/** Otherwise an event that the sender delivers again late would run again. */
const assertRemembered = <TEvent>(where: string, { retentionSeconds, provider }: WebhookOptions<TEvent>): void => {
  const { name, redeliversForSeconds: again } = provider
  if (retentionSeconds === undefined || retentionSeconds >= again) return
  throw new OptionError(
    where,
    'retentionSeconds',
    `is ${retentionSeconds}; it must be at least ${again}: ${name} may deliver an event again for so long`,
  )
}

/** The default depends on the provider, which is not checked yet. */
const withRetention = <TEvent>(options: WebhookOptions<TEvent>): WebhookOptions<TEvent> => {
  const again = isObject(options) && isObject(options.provider) ? options.provider.redeliversForSeconds : undefined
  if (!Number.isInteger(again) || options.retentionSeconds !== undefined) return options
  return { ...options, retentionSeconds: (again as number) + RETENTION_MARGIN_SECONDS }
}
