import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isObject } from '../../core/option-rules.ts'
import { type Answer, RemoteError, UsageError } from '../answer.ts'
import type { ProveFlags } from '../flags.ts'
import { type Io, paintOf } from '../io.ts'
import { isLoopback } from '../loopback.ts'
import { type Finding, judgeEvidence } from './checks.ts'
import { countEffects, send, type Target } from './request.ts'

export const prove = async (flags: ProveFlags, io: Io): Promise<Answer> => {
  const target = targetFrom(flags)
  const body = await bodyFrom('--body', flags.body)
  const otherBody = flags.otherBody === undefined ? changed(body) : await bodyFrom('--other-body', flags.otherBody)
  const { effectsUrl } = flags
  if (effectsUrl !== undefined) assertAllowed('--effects-url', effectsUrl, flags)
  const before = effectsUrl && (await countEffects(effectsUrl, target.headers))
  io.err(`${flags.n} requests at once with the key ${target.key}, then a retry, then another body.`)
  const burst = await Promise.all(Array.from({ length: flags.n }, () => send(target, body)))
  if (burst.every(({ status }) => status === undefined))
    throw new RemoteError(`${target.url} cannot be reached (${burst[0]?.how})`)
  const retry = await send(target, body)
  const other = await send(target, otherBody)
  const effects =
    effectsUrl === undefined ? undefined : (await countEffects(effectsUrl, target.headers)) - Number(before)
  return answerOf(target, judgeEvidence({ burst, retry, otherBody: other, effects }), io)
}

const answerOf = ({ url, key }: Target, findings: readonly Finding[], io: Io): Answer => {
  const isProven = findings.every(({ passed }) => passed)
  const paint = paintOf(io)
  return {
    status: isProven ? 0 : 1,
    json: { url, key, proven: isProven, findings },
    lines: [
      ...findings.flatMap(({ check, passed, found }) => [
        `${passed ? paint.good('passed') : paint.bad('FAILED')}  ${check}`,
        `        ${found}`,
      ]),
      '',
      isProven ? 'One request ran, however often it was sent.' : 'This API is not idempotent for this request.',
    ],
  }
}

const targetFrom = (flags: ProveFlags): Target => {
  const { url, method, key = `prove-${randomUUID()}`, header = [] } = flags
  if (url === undefined) throw new UsageError('name the API: --url https://staging.example.com/payments')
  assertAllowed('--url', url, flags)
  return { url, key, method: method.toUpperCase(), headers: header.map(headerOf) }
}

/** It makes real requests: against an API of others they would be an attack. */
const assertAllowed = (flag: string, url: string, { iOwnThisApi }: ProveFlags): void => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`${flag} is "${url}"; it must be an http or https URL`)
  if (iOwnThisApi === true || isLoopback(url)) return
  throw new UsageError(
    `${flag} is not on this computer; give --i-own-this-api if the API is yours, and not in production`,
  )
}

const headerOf = (line: string): readonly [string, string] => {
  const colon = line.indexOf(':')
  if (colon > 0) return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
  throw new UsageError(`--header is "${line}"; it must be "Name: value"`)
}

/** JSON, or `@` and the file that holds it. */
const bodyFrom = async (flag: string, given: string | undefined): Promise<string> => {
  if (given === undefined) throw new UsageError(`say what to send: ${flag} JSON, or ${flag} @FILE`)
  const text = given.startsWith('@') ? await contentOf(flag, given.slice(1)) : given
  try {
    JSON.parse(text)
    return text
  } catch (error) {
    throw new UsageError(`${flag} is not JSON (${(error as Error).message})`)
  }
}

const contentOf = (flag: string, file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${flag}: ${file} cannot be read (${error.message})`)
  })

/** The first number grows by one: an amount stays valid. Without a number a member is added. */
const changed = (body: string): string => {
  const value: unknown = JSON.parse(body)
  if (!isObject(value) || Array.isArray(value))
    throw new UsageError('--other-body is needed: --body is not a JSON object')
  const number = Object.entries(value).find(([, member]) => typeof member === 'number')
  const change = number === undefined ? { prove: 'another body' } : { [number[0]]: Number(number[1]) + 1 }
  return JSON.stringify({ ...value, ...change })
}
