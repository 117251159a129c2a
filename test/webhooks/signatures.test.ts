import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { IdempotencyError } from '../../lib/core/errors.ts'
import {
  github,
  type HmacProvider,
  type OwnProvider,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  type WebhookOptions,
  webhook,
  webhookToQueue,
} from '../../lib/webhooks/index.ts'
import { signatureOf } from '../../lib/webhooks/signature.ts'
import { ROOT } from '../support/doc-blocks.ts'
import { contextWith, EVENT_KINDS } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { at, codeOf, type Heard, receiver, seconds, untouched } from './receiver.ts'
import { anId, arriving, headerIn, senders, signatureHeader, type TestSender, type Wire, withHeader } from './sender.ts'

interface Vectors {
  readonly deliveries: readonly {
    readonly provider: keyof typeof PROVIDERS
    readonly source: string
    readonly secret: string
    readonly at: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }[]
  readonly stripeTexts: readonly {
    readonly source: string
    readonly secret: string
    readonly text: string
    readonly signature: string
  }[]
}

const PROVIDERS = { github, shopify, slack, standardWebhooks }

const VECTORS: Vectors = JSON.parse(readFileSync(join(ROOT, 'test/webhooks/vectors.json'), 'utf8'))

/** A receiver that must not get as far as its store. */
const wary = (sender: TestSender, over: Partial<WebhookOptions<unknown>> = {}): Heard =>
  receiver({ provider: sender.provider, secrets: [sender.secret], store: untouched(), ...over })

describe('Published vectors', () => {
  test.each(VECTORS.deliveries)('W1: the signature of $provider is right: $source', async (vector) => {
    const { send, bodies } = receiver({
      provider: PROVIDERS[vector.provider],
      secrets: [vector.secret],
      runtime: at(vector.at),
      key: () => anId(),
    })
    const { statusCode } = await send({ headers: Object.entries(vector.headers), body: vector.body })
    expect([statusCode, bodies]).toEqual([200, [vector.body]])
  })

  test.each(VECTORS.stripeTexts)('W1: the signature of Stripe is right: $source', ({ secret, text, signature }) => {
    expect(signatureOf(secret, stripe, [text])).toBe(signature)
  })

  test('W1: what the library of Standard Webhooks signs is right, and it takes what is signed here.', async () => {
    const key = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    const ids = fc.stringMatching(/^[A-Za-z\d_-]{1,40}$/)
    await fc.assert(
      fc.asyncProperty(key, ids, fc.json(), async (secret, id, body) => {
        const now = seconds()
        const theirs = new Webhook(secret).sign(id, new Date(now * 1_000), body)
        const { send, bodies } = receiver({ provider: standardWebhooks, secrets: [`whsec_${secret}`] })
        const headers = [
          ['webhook-id', id],
          ['webhook-timestamp', String(now)],
          ['webhook-signature', theirs],
        ] as const
        expect((await send({ headers, body })).statusCode).toBe(200)
        expect(bodies).toEqual([body])
        const ours = `v1,${signatureOf(secret, standardWebhooks, [`${id}.${now}.`, Buffer.from(body)])}`
        expect(ours).toBe(theirs)
      }),
      { numRuns: 50 },
    )
  })
})

describe.each(senders)('%s', (_, sender) => {
  const send = (over: Partial<Parameters<TestSender['send']>[0]> = {}): Wire =>
    sender.send({ secrets: [sender.secret], id: anId(), ...over })

  test.each(EVENT_KINDS)(
    'W1: a right signature is taken from the event of %s, in plain text and in Base64.',
    async (kind) => {
      const heard = receiver({ provider: sender.provider, secrets: [sender.secret] })
      const [plain, encoded] = [send(), send()]
      expect((await heard.send(plain, kind)).statusCode).toBe(200)
      expect((await heard.send(encoded, kind, true)).statusCode).toBe(200)
      expect(heard.bodies).toEqual([plain.body, encoded.body])
    },
  )

  test('W1: names of headers are taken in any case.', async () => {
    const heard = receiver({ provider: sender.provider, secrets: [sender.secret] })
    for (const spelled of [(name: string) => name.toUpperCase(), (name: string) => name.toLowerCase()]) {
      const { headers, body } = send()
      const wire = { body, headers: headers.map(([name, value]) => [spelled(name), value] as const) }
      expect((await heard.send(wire, 'rest-api')).statusCode).toBe(200)
    }
  })

  test('W1: one changed byte of the body is a wrong signature, even if it is the same JSON.', async () => {
    const { headers, body } = send()
    for (const changed of [body.replace('Café', 'Cafe'), `${body} `, body.replace('{', '{ '), '']) {
      const answer = await wary(sender).send({ headers, body: changed })
      expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'signature-invalid'])
    }
  })

  test('W2: a missing, empty, malformed or shortened signature is 401, before any call of the store.', async () => {
    const wire = send()
    const name = signatureHeader(sender)
    const right = headerIn(wire, name).replace(',v0=abc', '').replace('v1a,abc ', '') // the one that counts
    const wrong = [
      undefined,
      '',
      ' ',
      'x',
      `${right}x`,
      right.slice(0, -1),
      right.slice(4),
      right.replaceAll(/[\da-f]/g, '0'),
      `${right}, ${right}`.toUpperCase(),
      'v1=',
      'v1,',
      'sha256=',
      'v0=',
    ]
    for (const value of wrong) {
      const answer = await wary(sender).send(withHeader(wire, name, value))
      expect([value, answer.statusCode]).toEqual([value, 401])
    }
  })

  test('W2: a signature of another secret is 401, and the answer is the same whichever secret is wrong.', async () => {
    const wire = send({ secrets: ['whsec_bm90IHRoZSBzZWNyZXQgYXQgYWxs'] })
    const answers = await Promise.all(
      [[sender.secret], [sender.otherSecret], [sender.secret, sender.otherSecret]].map((secrets) =>
        wary(sender, { secrets }).send(wire),
      ),
    )
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401])
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]?.body).not.toContain(sender.secret)
  })

  test('W3: each of several secrets is taken, in any order, while a secret is rotated.', async () => {
    const secrets = [sender.secret, sender.otherSecret]
    for (const known of [secrets, secrets.toReversed()]) {
      for (const secret of secrets) {
        const heard = receiver({ provider: sender.provider, secrets: known })
        expect((await heard.send(send({ secrets: [secret] }))).statusCode).toBe(200)
      }
    }
    const heard = receiver({ provider: sender.provider, secrets: async () => secrets })
    expect((await heard.send(send({ secrets: [sender.otherSecret] }))).statusCode).toBe(200)
  })

  test('W2: a sender for whom the function finds no secret is 401.', async () => {
    for (const secrets of [() => [], () => undefined, async () => null]) {
      expect((await wary(sender, { secrets }).send(send())).statusCode).toBe(401)
    }
  })

  test('W2: a queue gets nothing of a delivery with a wrong signature.', async () => {
    const sent: object[] = []
    const sqs = { send: async (command: object) => void sent.push(command) }
    const { provider, secret } = sender
    const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/111122223333/events'
    const handler = webhookToQueue({ provider, secrets: [secret], tenant: 'single-tenant', queueUrl, sqs })
    const wire = send({ secrets: [sender.otherSecret] })
    expect(answered(await handler(arriving(wire), contextWith())).statusCode).toBe(401)
    expect(sent).toEqual([])
  })

  if (!sender.isTimed) {
    test('W11: a tolerance is refused, because nothing tells the age of a delivery.', () => {
      expect(() => wary(sender, { toleranceSeconds: 60 })).toThrow('signs no timestamp')
    })
    return
  }

  test.each([
    ['the default', undefined, 300],
    ['a shorter one', 60, 60],
    ['a longer one', 600, 600],
  ])(
    'W4: a delivery is taken up to the tolerance from now, in both directions: %s.',
    async (_name, toleranceSeconds, most) => {
      const now = seconds()
      for (const off of [-most, 0, most]) {
        const over = { toleranceSeconds, runtime: at(now), provider: sender.provider, secrets: [sender.secret] }
        expect((await receiver(over).send(send({ at: now + off }))).statusCode).toBe(200)
      }
      for (const off of [-most - 1, most + 1, -1_000_000]) {
        const answer = await wary(sender, { toleranceSeconds, runtime: at(now) }).send(send({ at: now + off }))
        expect([off, answer.statusCode, codeOf(answer)]).toEqual([off, 400, 'webhook-stale'])
      }
    },
  )

  test('W4: an old delivery with a wrong signature is 401: its age is not told.', async () => {
    const answer = await wary(sender).send(send({ secrets: [sender.otherSecret], at: 1 }))
    expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'signature-invalid'])
  })

  test('W2: a timestamp that is missing, malformed, doubled or changed is 401.', async () => {
    const wire = send()
    const { provider } = sender
    const place = 'timestamp' in provider ? provider.timestamp : undefined
    const changed = (text: string | undefined): Wire => {
      if (place !== undefined && 'header' in place) return withHeader(wire, place.header, text)
      const header = headerIn(wire, 'Stripe-Signature')
      const other = text === undefined ? header.replace(/t=\d+,/, '') : header.replace(/t=\d+/, `t=${text}`)
      return withHeader(wire, 'Stripe-Signature', other)
    }
    const now = seconds()
    for (const text of [undefined, '', 'now', `${now}.5`, `-${now}`, `0x${now}`, `${now - 1}`, `${now},t=${now}`]) {
      expect([text, (await wary(sender).send(changed(text))).statusCode]).toEqual([text, 401])
    }
  })
})

test.each(senders.filter(([name]) => name === 'stripe' || name === 'standard-webhooks'))(
  'W3: %s signs with the old and the new secret in one header: one that is known is enough, at any place.',
  async (_, sender) => {
    const unknown = [1, 2, 3].map((n) => `whsec_${Buffer.alloc(24, n + 10).toString('base64')}`)
    const places = [
      [sender.secret, ...unknown],
      [...unknown, sender.secret],
      [unknown[0] ?? '', sender.secret],
    ]
    for (const secrets of places) {
      const heard = receiver({ provider: sender.provider, secrets: [sender.otherSecret, sender.secret] })
      expect((await heard.send(sender.send({ secrets, id: anId() }))).statusCode).toBe(200)
    }
    expect((await wary(sender).send(sender.send({ secrets: unknown, id: anId() }))).statusCode).toBe(401)
  },
)

test('W2: several lines of one header are one text, so a second timestamp or id is never a choice.', async () => {
  const [, sender] = senders[4] as (typeof senders)[number]
  for (const name of ['webhook-timestamp', 'webhook-id']) {
    const { headers, body } = sender.send({ secrets: [sender.secret], id: anId() })
    const value = headerIn({ headers, body }, name)
    for (const lines of [
      [value, 'x'],
      ['x', value],
      [value, value],
    ]) {
      const doubled = [
        ...withHeader({ headers, body }, name, undefined).headers,
        ...lines.map((line) => [name, line] as const),
      ]
      expect((await wary(sender).send({ headers: doubled, body }, 'rest-api')).statusCode).toBe(401)
    }
  }
})

/** A name that is another text for each number below 32,768, and the same header for all of them. */
const spelled = (number: number): string =>
  [...'x-acme-header-name']
    .filter((letter) => letter !== '-')
    .map((letter, place) => ((number >> place) & 1 ? letter.toUpperCase() : letter))
    .join('')

test.each([
  ...EVENT_KINDS.map((kind) => [kind, 'names', (number: number) => `x${number.toString(36)}`] as const),
  ['rest-api', 'spellings of one name', spelled] as const,
])(
  'W2: a stranger who sends many headers over %s, with many %s, costs no more than many times the time.',
  async (kind, _, nameOf) => {
    const heard = wary(senders[1]?.[1] as TestSender)
    const millisFor = async (count: number): Promise<number> => {
      const headers = Array.from({ length: count }, (_, index) => [nameOf(index), ''] as const)
      const event = arriving({ headers, body: '{}' }, kind)
      const rounds: number[] = []
      for (let round = 0; round < 5; round++) {
        const start = performance.now()
        expect((await heard.handle(event)).statusCode).toBe(401)
        rounds.push(performance.now() - start)
      }
      return Math.min(...rounds)
    }
    await millisFor(250)
    // 64 times as many. If each header were compared with each other one, they would take 4,096 times as long.
    expect((await millisFor(16_000)) / (await millisFor(250))).toBeLessThan(640)
  },
)

test('W2: what a body parser has read is refused at once, because its bytes are gone.', async () => {
  const [, sender] = senders[0] as (typeof senders)[number]
  const handler = webhook(() => {}, {
    store: untouched(),
    operation: 'events',
    tenant: 'single-tenant',
    provider: sender.provider,
    secrets: [sender.secret],
  })
  const event = { ...arriving(sender.send({ secrets: [sender.secret], id: anId() })), body: { id: 'evt_1' } }
  await expect(handler(event, contextWith())).rejects.toMatchObject({ code: 'event-unsupported' })
  await expect(handler({}, contextWith())).rejects.toBeInstanceOf(IdempotencyError)
})

describe('A sender of your own', () => {
  const acme = (over: Partial<HmacProvider> = {}): HmacProvider => ({
    ...stripe,
    name: 'acme',
    algorithm: 'sha512',
    signature: { header: 'X-Acme-Signature' },
    signed: '{body}|{timestamp}',
    timestamp: { header: 'X-Acme-Time' },
    ...over,
  })

  test('W1: a row of your own is checked as the built-in ones are.', async () => {
    const now = seconds()
    const body = `{"id":"${anId()}"}`
    const provider = acme()
    const wire = (signature: string): Wire => ({
      headers: [
        ['x-acme-time', String(now)],
        ['x-acme-signature', signature],
      ],
      body,
    })
    const right = signatureOf('secret', provider, [body, `|${now}`])
    expect(right).toHaveLength(128)
    expect((await receiver({ provider, secrets: ['secret'] }).send(wire(right))).statusCode).toBe(200)
    expect((await receiver({ provider, secrets: ['other'] }).send(wire(right))).statusCode).toBe(401)
  })

  const own = (verify: OwnProvider['verify']): OwnProvider => ({
    name: 'acme',
    verify,
    eventId: { member: 'id' },
    redeliversForSeconds: 3_600,
  })

  test.each<[unknown, number]>([
    [true, 200],
    [Promise.resolve(true), 200],
    ['stale', 400],
    [false, 401],
    [undefined, 401],
    ['yes', 401],
    [1, 401],
    [Promise.resolve('no'), 401],
  ])('W2: a function that answers %p is %d: only true is right.', async (answer, status) => {
    const { send } = receiver({ provider: own(() => answer as boolean), secrets: [] })
    expect((await send({ headers: [], body: `{"id":"${anId()}"}` })).statusCode).toBe(status)
  })

  test('W1: a function gets the bytes, the headers, the secrets and the time.', async () => {
    const seen: unknown[] = []
    const verify: OwnProvider['verify'] = ({ bytes, headers }, context) => {
      seen.push(Buffer.from(bytes).toString(), headers['x-a'], context)
      return true
    }
    const { send } = receiver({ provider: own(verify), secrets: ['s'], runtime: at(5_000), toleranceSeconds: 7 })
    await send({ headers: [['X-A', 'b']], body: '{"id":"evt_own"}' })
    expect(seen).toEqual(['{"id":"evt_own"}', 'b', { secrets: ['s'], nowSeconds: 5_000, toleranceSeconds: 7 }])
  })

  test('An error that the function throws goes to Lambda.', async () => {
    const { send } = receiver({
      provider: own(() => {
        throw new Error('no network')
      }),
      secrets: [],
    })
    await expect(send({ headers: [], body: '{}' })).rejects.toThrow('no network')
  })

  test.each<[string, Partial<Record<keyof HmacProvider, unknown>>]>([
    ['name', { name: '' }],
    ['eventId', { eventId: {} }],
    ['redeliversForSeconds', { redeliversForSeconds: undefined }],
    ['algorithm', { algorithm: 'md5' }],
    ['encoding', { encoding: 'latin1' }],
    ['signature', { signature: {} }],
    ['signature', { signature: { header: 'x', prefix: 1 } }],
    ['signature', { signature: { header: 'x', separator: '' } }],
    ['timestamp', { timestamp: {} }],
    ['timestamp', { signature: { header: 'x' }, timestamp: { item: 't=' }, signed: '{timestamp}.{body}' }],
    ['signed', { signed: 'v1' }],
    ['signed', { signed: '{body}{body}' }],
    ['signed', { signed: '{body}' }],
    ['signed', { timestamp: undefined }],
    ['signed', { signed: '{id}.{timestamp}.{body}' }],
    ['secret', { secret: undefined }],
    ['handshake', { handshake: true }],
    ['keptHeaders', { keptHeaders: [''] }],
  ])('W11: a provider whose %s cannot be right is refused: %p', (member, over) => {
    const provider = acme(over as Partial<HmacProvider>)
    expect(() => receiver({ provider, secrets: ['s'] })).toThrow(`must be a provider whose ${member} `)
  })
})

describe('Secrets that cannot be right', () => {
  const short = Buffer.alloc(15).toString('base64')
  test.each<[string, HmacProvider, unknown, string]>([
    ['no list', stripe, 'whsec_abc', 'must be a list of secrets'],
    ['an empty list', stripe, [], 'must list at least one secret'],
    ['a variable that is not set', stripe, [undefined], 'at index 0 a value that is no text'],
    ['an empty text', stripe, ['a', ''], 'at index 1 a value that is empty'],
    ['a line end from a file', stripe, ['secret\n'], 'begins or ends with white space'],
    ['no Base64', standardWebhooks, ['whsec_secret!'], 'is no Base64'],
    ['few bytes', standardWebhooks, [`whsec_${short}`], 'has fewer than 16 bytes'],
  ])('W11: %s is refused, and the message does not show it.', (_name, provider, secrets, message) => {
    const make = (): unknown => receiver({ provider, secrets: secrets as string[] })
    expect(make).toThrow(message)
    for (const secret of [secrets].flat()) if (secret && secret !== 'a') expect(make).not.toThrow(String(secret))
  })

  test('W11: so is what a function finds, when it finds it.', async () => {
    const [, sender] = senders[4] as (typeof senders)[number]
    const { send } = wary(sender, { secrets: () => ['whsec_secret!'] })
    await expect(send(sender.send({ secrets: [sender.secret], id: anId() }))).rejects.toThrow('is no Base64')
    const other = wary(sender, { secrets: () => 'whsec_x' as never })
    await expect(other.send(sender.send({ secrets: [sender.secret], id: anId() }))).rejects.toThrow('a list of secrets')
  })
})
