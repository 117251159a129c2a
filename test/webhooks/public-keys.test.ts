import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { type HmacProvider, shopify, standardWebhooks, stripe, webhookToQueue } from '../../lib/webhooks/index.ts'
import { contextWith, EVENT_KINDS } from '../support/http-events.ts'
import { answered } from '../support/http-harness.ts'
import { at, codeOf, type Heard, receiver, seconds, untouched } from './receiver.ts'
import { anId, arriving, headerIn, SENDERS, type TestSender, type Wire } from './sender.ts'

interface Pair {
  readonly privateKey: KeyObject
  /** As `secrets` takes it. */
  readonly known: string
  readonly bytes: Buffer
}

const aPair = (): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { privateKey, known: `whpk_${bytes.toString('base64')}`, bytes }
}

const [first, second] = [aPair(), aPair()]

const symmetric = SENDERS['standard-webhooks'] as TestSender

interface Delivery {
  readonly id: string
  readonly at: number
  readonly body: string
}

const aDelivery = (over: Partial<Delivery> = {}): Delivery => ({
  id: anId(),
  at: seconds(),
  body: '{"amount":1999,"note":"Café"}',
  ...over,
})

const textOf = ({ id, at, body }: Delivery): Buffer => Buffer.from(`${id}.${at}.${body}`)

const v1a = (delivery: Delivery, { privateKey } = first): string =>
  `v1a,${sign(null, textOf(delivery), privateKey).toString('base64')}`

/** With the other kind of signature, of the secret that {@link symmetric} has. */
const v1 = ({ id, at, body }: Delivery): string =>
  headerIn(symmetric.send({ secrets: [symmetric.secret], id, at, body }), 'webhook-signature').split(' ')[1] ?? ''

const wire = ({ id, at, body }: Delivery, ...signatures: readonly string[]): Wire => ({
  headers: [
    ['Content-Type', 'application/json'],
    ['webhook-id', id],
    ['webhook-timestamp', String(at)],
    ['webhook-signature', signatures.join(' ')],
  ],
  body,
})

const knowing = (...secrets: readonly string[]): Heard => receiver({ provider: standardWebhooks, secrets })

/** A receiver that must not get as far as its store. */
const wary = (...secrets: readonly string[]): Heard =>
  receiver({ provider: standardWebhooks, secrets, store: untouched() })

const refused = async (heard: Heard, ...wires: readonly Wire[]): Promise<void> => {
  for (const each of wires) {
    const answer = await heard.send(each)
    expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'signature-invalid'])
  }
}

const taken = async (heard: Heard, ...wires: readonly Wire[]): Promise<void> => {
  for (const each of wires) expect((await heard.send(each)).statusCode).toBe(200)
  expect(heard.bodies).toEqual(wires.map(({ body }) => body))
}

describe('A signature of a private key (v1a)', () => {
  test.each(EVENT_KINDS)('W1: is taken from the event of %s, in plain text and in Base64.', async (kind) => {
    const heard = knowing(first.known)
    for (const isBase64 of [false, true]) {
      const delivery = aDelivery()
      expect((await heard.send(wire(delivery, v1a(delivery)), kind, isBase64)).statusCode).toBe(200)
    }
  })

  test('W1: is right for bodies of every length up to 200 bytes, and for bytes that are no text.', async () => {
    const heard = knowing(first.known)
    for (let length = 0; length <= 200; length++) {
      const [id, now, body] = [anId(), seconds(), randomBytes(length)]
      const text = Buffer.concat([Buffer.from(`${id}.${now}.`), body])
      const delivery = { id, at: now, body: body.toString('base64') }
      const signature = `v1a,${sign(null, text, first.privateKey).toString('base64')}`
      const event = { ...arriving(wire(delivery, signature)), isBase64Encoded: true }
      expect((await heard.handle(event)).statusCode).toBe(200)
    }
  })

  test('W2: is wrong for another key.', async () => {
    const delivery = aDelivery()
    await refused(wary(second.known), wire(delivery, v1a(delivery)))
  })

  test('W2: is wrong for another body, id or timestamp.', async () => {
    const delivery = aDelivery()
    const signature = v1a(delivery)
    const others = [
      { body: delivery.body.replace('Café', 'Cafe') },
      { body: `${delivery.body} ` },
      { body: '' },
      { id: `${delivery.id}x` },
      { id: anId() },
      { at: delivery.at - 1 },
      { at: delivery.at + 1 },
    ]
    await refused(wary(first.known), ...others.map((other) => wire({ ...delivery, ...other }, signature)))
    await taken(knowing(first.known), wire(delivery, signature))
  })

  test('W2: counts in one spelling only, and whole.', async () => {
    const delivery = aDelivery()
    const right = v1a(delivery)
    const text = right.slice(4)
    // The last character before the padding has four bits that belong to no byte.
    const respelled = `${text.slice(0, 85)}${String.fromCharCode(text.charCodeAt(85) + 1)}==`
    expect(Buffer.from(respelled, 'base64')).toEqual(Buffer.from(text, 'base64'))
    const wrong = [
      '',
      'v1a',
      'v1a,',
      text,
      `V1A,${text}`,
      `v1a=${text}`,
      `v1a, ${text}`,
      `v1a,${respelled}`,
      `v1a,${text.slice(0, -2)}`,
      `v1a,${text}=`,
      `v1a,${text.slice(0, -4)}`,
      `v1a,${text}${text}`,
      `v1a,${Buffer.from(text, 'base64').toString('hex')}`,
      `v1a,${Buffer.alloc(64).toString('base64')}`,
      `v1a,${text.slice(0, 40)} ${text.slice(40)}`,
    ]
    await refused(wary(first.known), ...wrong.map((signature) => wire(delivery, signature)))
  })

  test('W4: is no reason to take a delivery that is too old.', async () => {
    const now = seconds()
    for (const [off, status] of [
      [-300, 200],
      [300, 200],
      [-301, 400],
      [301, 400],
    ] as const) {
      const delivery = aDelivery({ at: now + off })
      const heard = receiver({ provider: standardWebhooks, secrets: [first.known], runtime: at(now) })
      expect([off, (await heard.send(wire(delivery, v1a(delivery)))).statusCode]).toEqual([off, status])
    }
  })

  test('W2: is worth nothing to who has only symmetric secrets, and neither a store nor a queue is called.', async () => {
    const delivery = aDelivery()
    const signed = wire(delivery, v1a(delivery))
    await refused(wary(symmetric.secret), signed)
    const sent: object[] = []
    const handler = webhookToQueue({
      provider: standardWebhooks,
      secrets: [symmetric.secret],
      tenant: 'single-tenant',
      queueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/events',
      sqs: { send: async (command: object) => void sent.push(command) },
    })
    expect(answered(await handler(arriving(signed), contextWith())).statusCode).toBe(401)
    expect(sent).toEqual([])
  })
})

describe('A public key is never the secret of an HMAC', () => {
  /** What an attacker can make, who knows the public key as everyone may: with its bytes, its text, or its text decoded. */
  const forged = (delivery: Delivery, prefix: string): readonly string[] =>
    [first.bytes, Buffer.from(first.known), Buffer.from(first.known, 'base64')].map(
      (secret) => `${prefix}${createHmac('sha256', secret).update(textOf(delivery)).digest('base64')}`,
    )

  test('W2: an HMAC with it is 401 under v1 and under v1a.', async () => {
    const delivery = aDelivery()
    const forgeries = [...forged(delivery, 'v1,'), ...forged(delivery, 'v1a,')]
    const wires = forgeries.map((signature) => wire(delivery, signature))
    await refused(wary(first.known), ...wires)
    await refused(wary(symmetric.secret, first.known), ...wires)
    // The forgery is a right HMAC: it would be taken if the same bytes were a secret.
    await taken(knowing(`whsec_${first.bytes.toString('base64')}`), wires[0] as Wire)
  })

  test('W2: a signature of the one kind is 401 under the version of the other.', async () => {
    const delivery = aDelivery()
    const [asymmetricAsV1, symmetricAsV1a] = [v1a(delivery).replace('v1a,', 'v1,'), v1(delivery).replace('v1,', 'v1a,')]
    await refused(
      wary(first.known, symmetric.secret),
      wire(delivery, asymmetricAsV1),
      wire(delivery, symmetricAsV1a),
      wire(delivery, asymmetricAsV1, symmetricAsV1a),
    )
  })

  test.each<[string, HmacProvider, string]>([
    ['of text secrets', stripe, first.known],
    ['of text secrets without a timestamp', shopify, first.known],
    [
      'of secrets in Base64',
      { ...standardWebhooks, signature: { ...standardWebhooks.signature, ed25519Prefix: undefined } },
      first.known,
    ],
  ])('W11: a sender %s that does not sign with a private key refuses a public one.', (_, provider, secret) => {
    const make = (): unknown => receiver({ provider, secrets: [secret] })
    expect(make).toThrow(`option "secrets" has at index 0 a value that is a public key ("whpk_"); `)
    expect(make).not.toThrow(first.bytes.toString('base64'))
  })
})

describe('Rotation', () => {
  test('W3: each of several public keys is taken, in any order, and from a function too.', async () => {
    for (const secrets of [
      [first.known, second.known],
      [second.known, first.known],
    ]) {
      for (const pair of [first, second]) {
        const delivery = aDelivery()
        await taken(knowing(...secrets), wire(delivery, v1a(delivery, pair)))
        const found = receiver({ provider: standardWebhooks, secrets: async () => secrets })
        await taken(found, wire({ ...delivery, id: delivery.id }, v1a(delivery, pair)))
      }
    }
  })

  test('W3: signatures of the old and the new key in one header: one that is known is enough, at any place.', async () => {
    const delivery = aDelivery()
    const [known, ...unknown] = [first, aPair(), aPair()].map((pair) => v1a(delivery, pair))
    for (const signatures of [
      [known, ...unknown],
      [...unknown, known],
    ]) {
      await taken(knowing(second.known, first.known), wire(delivery, ...(signatures as string[])))
    }
    await refused(wary(second.known, first.known), wire(delivery, ...unknown))
  })

  test('W3: from symmetric to asymmetric: either kind is taken while both are known.', async () => {
    const both = [symmetric.secret, first.known]
    for (const secrets of [both, both.toReversed()]) {
      const [old, both, next] = [aDelivery(), aDelivery(), aDelivery()]
      await taken(
        knowing(...secrets),
        wire(old, v1(old)),
        wire(both, v1(both), v1a(both)),
        wire(next, v1a(next), 'v1,bm90IHRoZSBzZWNyZXQ='),
      )
    }
    const delivery = aDelivery()
    await taken(knowing(symmetric.secret), wire(delivery, v1a(delivery), v1(delivery)))
    await taken(knowing(first.known), wire(delivery, v1(delivery), v1a(delivery)))
    await refused(wary(symmetric.secret), wire(delivery, v1a(delivery)))
    await refused(wary(first.known), wire(delivery, v1(delivery)))
  })

  test('W3: versions that are not known are skipped, whatever they are.', async () => {
    const delivery = aDelivery()
    const text = v1a(delivery).slice(4)
    const odd = ['v2,abc', `v1b,${text}`, `v1aa,${text}`, `v11a,${text}`, `1a,${text}`, ',', 'v1a', '', 'v1a,abc']
    await taken(knowing(first.known), wire(delivery, ...odd, v1a(delivery), ...odd))
    await refused(wary(first.known), wire(delivery, ...odd))
  })

  test('W2: 16 signatures of private keys are checked, and no more: a long header costs no long time.', async () => {
    const delivery = aDelivery()
    const wrong = (count: number): string[] =>
      Array.from({ length: count }, () => `v1a,${randomBytes(64).toString('base64')}`)
    await taken(knowing(first.known), wire(delivery, ...wrong(15), v1a(delivery)))
    await refused(wary(first.known), wire(delivery, ...wrong(16), v1a(delivery)))
  })
})

describe('Keys that cannot be right', () => {
  const seed = randomBytes(32)
  const ofBytes = (length: number): string => `whpk_${Buffer.alloc(length, 7).toString('base64')}`
  const privateText = '"secrets" has at index 1 a value that is a private key ("whsk_"), which only the sender has'
  test.each<[string, string, string]>([
    ['a private key', `whsk_${seed.toString('base64')}`, privateText],
    ['a private key with its public key', `whsk_${randomBytes(64).toString('base64')}`, privateText],
    ['a private key that is no Base64', 'whsk_what-is-this', privateText],
    [
      'a public key of 31 bytes',
      ofBytes(31),
      '"secrets" has at index 1 a value that is a public key of 31 bytes; it must',
    ],
    [
      'a public key of 33 bytes',
      ofBytes(33),
      '"secrets" has at index 1 a value that is a public key of 33 bytes; it must',
    ],
    ['a public key of no bytes', 'whpk_', '"secrets" has at index 1 a value that is a public key of 0 bytes; it must'],
    ['no Base64', `${first.known.slice(0, -4)}!!!=`, 'a value that is no Base64 with the prefix "whpk_"'],
    ['Base64 without its padding', first.known.slice(0, -1), 'a value that is no Base64 with the prefix "whpk_"'],
    ['Base64 for URLs', `whpk_${'-_'.repeat(21)}8=`, 'a value that is no Base64 with the prefix "whpk_"'],
    ['a line end within', first.known.replace('whpk_', 'whpk_\n'), 'a value that is no Base64 with the prefix "whpk_"'],
    [
      'a PEM',
      '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n',
      'is a PEM; list its public key as "whpk_"',
    ],
    ['a line end from a file', `${first.known}\n`, 'begins or ends with white space'],
    ['a public key under the prefix of a secret', `whsec_${first.known}`, 'is no Base64 with the prefix "whsec_"'],
    ['a prefix in upper case', first.known.replace('whpk_', 'WHPK_'), 'is no Base64 with the prefix "whsec_"'],
  ])('W11: %s is refused, and the message does not show it.', (_name, secret, message) => {
    const make = (): unknown => receiver({ provider: standardWebhooks, secrets: [symmetric.secret, secret] })
    expect(make).toThrow(message)
    const value = secret.replace(/^(whsec_)?wh[sp]k_/i, '').trim()
    if (value !== '') expect(make).not.toThrow(value)
  })

  test('W11: so is what a function finds, when it finds it.', async () => {
    const delivery = aDelivery()
    const secret = `whsk_${seed.toString('base64')}`
    const heard = receiver({ provider: standardWebhooks, secrets: () => [secret], store: untouched() })
    await expect(heard.send(wire(delivery, v1a(delivery)))).rejects.toThrow('is a private key')
  })

  test('W2: 32 bytes that are no point of the curve are right for no signature.', async () => {
    const delivery = aDelivery()
    const noPoint = `whpk_${Buffer.from([2, ...Buffer.alloc(31)]).toString('base64')}`
    await refused(wary(noPoint), wire(delivery, v1a(delivery)))
  })
})

describe('A row of your own', () => {
  const svix: HmacProvider = {
    ...standardWebhooks,
    name: 'svix',
    signature: { ...standardWebhooks.signature, header: 'svix-signature' },
    timestamp: { header: 'svix-timestamp' },
    eventId: { header: 'svix-id' },
  }

  test('W1: keeps public keys if it is made from standardWebhooks, as docs/webhooks.md says for Svix.', async () => {
    const delivery = aDelivery()
    const { headers, body } = wire(delivery, v1a(delivery))
    const renamed = {
      body,
      headers: headers.map(([name, value]) => [name.replace('webhook-', 'svix-'), value] as const),
    }
    await taken(receiver({ provider: svix, secrets: [first.known] }), renamed)
  })

  test('W1: reads the signature in the encoding that it says.', async () => {
    const hex: HmacProvider = { ...standardWebhooks, encoding: 'hex' }
    const delivery = aDelivery()
    const signature = sign(null, textOf(delivery), first.privateKey).toString('hex')
    await taken(receiver({ provider: hex, secrets: [first.known] }), wire(delivery, `v1a,${signature}`))
    await refused(
      receiver({ provider: hex, secrets: [first.known], store: untouched() }),
      wire(delivery, v1a(delivery)),
      wire(delivery, `v1a,${signature.toUpperCase()}`),
    )
  })

  test.each<unknown>(['', 7, null])('W11: is refused if its ed25519Prefix is %p.', (ed25519Prefix) => {
    const signature = { ...standardWebhooks.signature, ed25519Prefix } as never
    const make = (): unknown => receiver({ provider: { ...svix, signature }, secrets: [first.known] })
    expect(make).toThrow('must be a provider whose signature is { header }')
  })
})

test('W1: the private key of the published vector makes the published signature.', () => {
  // github.com/svix/svix-webhooks, server/svix-server/src/worker.rs, test_asymmetric_key_signing: the first half of its
  // key pair. Ed25519 has one right signature for a text, so the signatures of this file are those of another program.
  const d = Buffer.from('6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=', 'base64').toString('base64url')
  const x = Buffer.from('1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=', 'base64').toString('base64url')
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
  const delivery = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330, body: '{"test": 2432232314}' }
  expect(v1a(delivery, { ...first, privateKey })).toBe(
    'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
  )
})
