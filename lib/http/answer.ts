import { outcomeOf } from '../core/outcome/outcome.ts'
import type { Answer } from '../core/outcome/outcome-policy.ts'
import { type Fields, headerTexts } from './headers.ts'
import { mayBeJson } from './media-type.ts'
import { asReplayed, type CapturedAnswer } from './response.ts'

/** The answer as a policy sees it. Headers and body are copies, made when the policy first reads them. */
export const answerOf = ({ result, statusCode = Number.NaN }: CapturedAnswer): Answer => {
  const fields = result as Fields
  const headers = firstLook(() => headerTexts(fields), {})
  const body = firstLook(() => bodyOf(fields, headers()), undefined)
  return {
    statusCode,
    get headers() {
      return headers()
    },
    get body() {
      return body()
    },
  }
}

/** The handler's answer may hold anything. If `read` throws, the value is `otherwise`. */
const firstLook = <T>(read: () => T, otherwise: T): (() => T) => {
  let seen: { readonly value: T } | undefined
  return () => {
    try {
      seen ??= { value: read() }
    } catch {
      seen = { value: otherwise }
    }
    return seen.value
  }
}

const bodyOf = ({ body, isBase64Encoded }: Fields, headers: Answer['headers']): unknown => {
  if (body instanceof Uint8Array) return Buffer.from(body)
  if (typeof body !== 'string') return asReplayed(outcomeOf(body ?? undefined), undefined) // for a serializer outside
  const content = isBase64Encoded === true ? Buffer.from(body, 'base64') : body
  return mayBeJson([headers['content-type'] ?? '']) ? parsedOr(content) : content
}

/** Bytes that are not UTF-8 are not JSON either. */
const parsedOr = (content: string | Buffer): unknown => {
  try {
    return JSON.parse(content.toString())
  } catch {
    return content
  }
}
