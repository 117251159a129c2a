import { isObject, type Rule } from '../core/option-rules.ts'

/** A provider that cannot be right is refused when the handler is made: a mistake here lets in anyone, or no one. */
export const aProvider: Rule = (value) => {
  if (!isObject(value)) return 'must be a provider, such as stripe, or your own row'
  for (const [member, problem] of Object.entries({ ...SENDER, ...('verify' in value ? OWN : HMAC) })) {
    if (!problem(value[member], value)) return `must be a provider whose ${member} ${RIGHT[member]}`
  }
  return undefined
}

type Test = (value: unknown, provider: Readonly<Record<string, unknown>>) => boolean

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isPositive = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0

const orNone =
  (test: Test): Test =>
  (value, provider) =>
    value === undefined || test(value, provider)

const isFunction: Test = (value) => typeof value === 'function'

const isPlace =
  (...members: readonly string[]): Test =>
  (value) =>
    isObject(value) && members.some((member) => isText(value[member]))

const SENDER: Readonly<Record<string, Test>> = {
  name: isText,
  eventId: (value) => typeof value === 'function' || isPlace('header', 'member')(value, {}),
  redeliversForSeconds: (value) => Number.isInteger(value) && (value as number) >= 0,
  answersWithinSeconds: orNone(isPositive),
  toleranceSeconds: orNone(isPositive),
  keptHeaders: orNone((value) => Array.isArray(value) && value.every(isText)),
  handshake: orNone(isFunction),
}

const OWN: Readonly<Record<string, Test>> = { verify: isFunction }

const count = (text: string, part: string): number => text.split(part).length - 1

/** A timestamp that is not signed could be changed by anyone, and would promise what it cannot hold. */
const isTemplate: Test = (value, { timestamp, eventId }) =>
  isText(value) &&
  count(value, '{body}') === 1 &&
  value.includes('{timestamp}') === (timestamp !== undefined) &&
  (!value.includes('{id}') || (isObject(eventId) && isText(eventId.header)))

const HMAC: Readonly<Record<string, Test>> = {
  algorithm: (value) => value === 'sha256' || value === 'sha512',
  encoding: (value) => value === 'hex' || value === 'base64',
  signature: (value) =>
    isObject(value) &&
    isText(value.header) &&
    ['separator', 'prefix', 'ed25519Prefix'].every((member) => orNone(isText)(value[member], value)),
  timestamp: orNone(
    (value, { signature }) =>
      isPlace('header')(value, {}) ||
      (isPlace('item')(value, {}) && isObject(signature) && signature.separator !== undefined),
  ),
  signed: isTemplate,
  secret: (value) => value === 'text' || value === 'base64',
}

/** What each member has to be. */
const RIGHT: Readonly<Record<string, string>> = {
  name: 'is a text',
  eventId: 'is { header }, { member } or a function',
  redeliversForSeconds: 'is an integer of seconds',
  answersWithinSeconds: 'is an integer of seconds',
  toleranceSeconds: 'is an integer of seconds',
  keptHeaders: 'is a list of header names',
  handshake: 'is a function',
  verify: 'is a function',
  algorithm: 'is "sha256" or "sha512"',
  encoding: 'is "hex" or "base64"',
  signature: 'is { header }, and has a text or nothing as separator, prefix and ed25519Prefix',
  timestamp: 'is { header }, or { item } if the signature has a separator',
  signed: 'has {body} once, {timestamp} if and only if there is a timestamp, and {id} only if eventId is { header }',
  secret: 'is "text" or "base64"',
}
