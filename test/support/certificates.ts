import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A server's certificate and its key, as `https.createServer` takes them. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  /** The DNS name that the certificate is for. */
  readonly host: string
  readonly from?: Date
  readonly until?: Date
  /** Default: the certificate signs itself. */
  readonly issuer?: { readonly name: string; readonly key: KeyObject }
}

const DAY = 86_400_000

export const newKey = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Makes an X.509 certificate (RFC 5280), so that no key has to be in the repository. */
export const certificate = ({
  host,
  from = new Date(Date.now() - DAY),
  until = new Date(Date.now() + DAY),
  issuer,
}: CertificateOptions): Certificate => {
  const { publicKey, privateKey } = newKey()
  const toSign = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.of(1)), // the serial number
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? host),
    sequence(time(from), time(until)),
    nameOf(host),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(SUBJECT_ALT_NAME, der(0x04, sequence(der(0x82, Buffer.from(host))))))),
  )
  const signature = sign('sha256', toSign, issuer?.key ?? privateKey)
  const whole = sequence(toSign, ECDSA_WITH_SHA256, der(0x03, Buffer.of(0), signature))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** Tag, length, content. */
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const length = content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), content])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)

const time = (at: Date): Buffer => der(0x17, Buffer.from(`${at.toISOString().replace(/\D/g, '').slice(2, 14)}Z`))

const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))

const COMMON_NAME = identifier('550403')
const SUBJECT_ALT_NAME = identifier('551d11')
const ECDSA_WITH_SHA256 = sequence(identifier('2a8648ce3d040302'))

const nameOf = (name: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))))
