import { IdempotencyError } from '../core/errors.ts'
import { deriveFingerprint, type FingerprintPart } from '../core/identity/fingerprint.ts'
import { canonicalPayload } from '../core/identity/payload.ts'
import { deriveRecordKey } from '../core/identity/record-key.ts'
import { scopeText, tenantOf } from '../core/identity/tenant.ts'
import { type ClaimRequest, type TimedContext, timesOf } from '../core/lifecycle/request.ts'
import { unawaited } from '../core/unawaited.ts'
import { chosenKey, keyOf } from './chosen-key.ts'
import { type HttpRequest, isHttpEvent, readEvent } from './event.ts'
import { type ParsedKey, parseKeyHeader } from './key-header.ts'
import { mayBeJson } from './media-type.ts'
import { multipartContent } from './multipart.ts'
import type { HttpSettings } from './options.ts'
import { type ClientError, isClientError } from './problem.ts'

/** What the layer does with a request. */
export type IdentifiedRequest =
  /** Nothing: its method is not protected, or the event is no HTTP request. */
  | { readonly kind: 'pass' }
  /** Runs it without a claim: it has no key, and needs none. */
  | { readonly kind: 'unkeyed'; readonly request: HttpRequest }
  | { readonly kind: 'keyed'; readonly request: HttpRequest; readonly claimRequest: ClaimRequest }
  | { readonly kind: 'refused'; readonly request: HttpRequest; readonly error: IdempotencyError }
  /** An option, such as `tenant`, threw an error that is meant for the client. */
  | { readonly kind: 'denied'; readonly request: HttpRequest; readonly error: ClientError }

export const identify = async <TEvent>(
  settings: HttpSettings<TEvent>,
  event: TEvent,
  context: TimedContext,
): Promise<IdentifiedRequest> => {
  if (settings.otherEvents === 'pass' && !isHttpEvent(event)) return { kind: 'pass' }
  const request = readEvent(event)
  if (!settings.methods.has(request.method)) return { kind: 'pass' }
  try {
    const parsed = readKey(settings, event, request)
    if (parsed.kind === 'missing' && settings.missingKey === 'pass') return { kind: 'unkeyed', request }
    const claimRequest = await claimRequestOf(
      settings,
      event,
      context,
      request,
      keyOf(parsed, typeof settings.key === 'function' ? 'an idempotency key' : `the header ${settings.key.name}`),
    )
    return { kind: 'keyed', request, claimRequest }
  } catch (error) {
    if (error instanceof IdempotencyError) return { kind: 'refused', request, error }
    if (isClientError(error)) return { kind: 'denied', request, error }
    throw error
  }
}

const readKey = <TEvent>({ key }: HttpSettings<TEvent>, event: TEvent, request: HttpRequest): ParsedKey =>
  typeof key === 'function'
    ? chosenKey(key(event))
    : parseKeyHeader(request.headerLines(key.name.toLowerCase()), key.profile)

const claimRequestOf = async <TEvent>(
  settings: HttpSettings<TEvent>,
  event: TEvent,
  context: TimedContext,
  request: HttpRequest,
  key: string,
): Promise<ClaimRequest> => {
  const { operation, runtime } = settings.core
  const route = routeOf(settings, event, request)
  const tenant = await tenantOf(settings.tenant, event)
  return {
    recordKey: deriveRecordKey({ operation, tenant, method: request.method, route, key }),
    fingerprint: deriveFingerprint(fingerprintParts(settings, event, request, route)),
    ...timesOf(context, runtime),
    peekFirst: isLikelyReplay(settings, event),
    wait: settings.wait,
  }
}

/** Without the route, two operations would share a record. */
const routeOf = <TEvent>(settings: HttpSettings<TEvent>, event: TEvent, request: HttpRequest): string => {
  if (settings.route !== undefined) return scopeText('route', settings.route(event))
  if (request.baseUnknown) warnOfBase(settings)
  return request.route
}

const warned = new WeakSet<object>()

/** Warns once for each handler. Most APIs have one domain name, so their paths do not differ. */
const warnOfBase = (settings: HttpSettings<never>): void => {
  if (warned.has(settings)) return
  warned.add(settings)
  console.error(
    `lambda-once: operation "${settings.core.operation}": under $default, the payload 1.0 leaves the key of an API mapping in the path. A request that is sent once with it and once without it runs twice: use the payload 2.0 or the route ANY /{proxy+}`,
  )
}

/** If the option throws, there is no hint, and the request goes on. */
const isLikelyReplay = <TEvent>({ likelyReplay }: HttpSettings<TEvent>, event: TEvent): boolean => {
  try {
    const answer: unknown = likelyReplay?.(event)
    unawaited(answer)
    return answer === true
  } catch {
    return false
  }
}

/**
 * Method, route and path parameters say what is acted on: the option `payload` does not replace them. The option `route`
 * may give many paths one route, and the event may lack their parameters, so then the path itself counts too.
 */
const fingerprintParts = <TEvent>(
  { payload, route: ownRoute }: HttpSettings<TEvent>,
  event: TEvent,
  request: HttpRequest,
  route: string,
): readonly FingerprintPart[] => [
  textPart(request.method),
  textPart(route),
  ...(ownRoute === undefined ? [] : [textPart(request.path)]),
  canonicalPart(request.pathParameters),
  ...(payload === undefined ? [canonicalPart(request.query), ...bodyParts(request)] : [canonicalPart(payload(event))]),
]

/** A body that an earlier middleware parsed counts like its JSON text, if the parser lost nothing of it. */
const bodyParts = ({ body, headerLines }: HttpRequest): readonly FingerprintPart[] => {
  if (body.kind === 'parsed') return [canonicalPart(body.value, 'body')]
  const contentTypes = headerLines('content-type')
  if (mayBeJson(contentTypes)) return [{ kind: 'body', body: body.body }]
  const multipart = multipartContent(contentTypes, body.body)
  // No other kind of body starts with a text part, so the two cannot be confused.
  return multipart === undefined
    ? [{ kind: 'bytes', bytes: body.body }]
    : [textPart(multipart.lengths), { kind: 'bytes', bytes: multipart.bytes }]
}

const textPart = (text: string): FingerprintPart => ({ kind: 'text', text })

const canonicalPart = (payload: unknown, source?: 'body'): FingerprintPart => ({
  kind: 'canonical',
  text: canonicalPayload(payload, source),
})
