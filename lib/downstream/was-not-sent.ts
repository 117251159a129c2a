/** Errors of the name lookup and of the connection, which come before the first byte of a request. */
const UNREACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/**
 * The client refused the server's certificate: codes of Node's `tls`. Not `INVALID_CA`, `INVALID_PURPOSE` and the like,
 * which an API may use as codes too. Not the server's refusal of a client's certificate: with TLS 1.3 it can come after
 * the request.
 */
const CERTIFICATE =
  /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|UNABLE_TO_(GET_(ISSUER_CERT(_LOCALLY)?|CRL)|VERIFY_LEAF_SIGNATURE)|(CERT|CRL)_(SIGNATURE_FAILURE|NOT_YET_VALID|HAS_EXPIRED)|CERT_(CHAIN_TOO_LONG|REVOKED|UNTRUSTED|REJECTED))$/

/** More than any client nests. A getter may make a new error each time that it is read. */
const MOST_ERRORS = 100

/** What the clients that we know put into an error. Any member may be missing, or of another type. */
interface ClientError {
  readonly name?: unknown
  readonly code?: unknown
  readonly syscall?: unknown
  readonly status?: unknown
  readonly statusCode?: unknown
  readonly response?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
  readonly $metadata?: { readonly attempts?: unknown }
}

/**
 * Whether the error of an HTTP client proves that its request was not sent: the host was not found or not reached, or
 * its certificate was refused. Then nothing was done, so throw `NotDoneError`. `false` means that the effect is in
 * doubt: throw the error itself. Never throws.
 *
 * It looks through `cause` and `errors`, and each error in there has to prove it. `$metadata.attempts` of an AWS client
 * has to be 1, because an earlier attempt may have been sent. Turn off the retries of other clients: their last error
 * says nothing about their first request. If you abort a request with your own error, do not ask about that error.
 *
 * @example
 * const response = await send(url, request).catch((error) => {
 *   throw wasNotSent(error) ? new NotDoneError('The provider was not reached', { cause: error }) : error
 * })
 */
export const wasNotSent = (error: unknown): boolean => {
  try {
    return saysNotSent(error)
  } catch {
    return false // not an object, or a getter that throws
  }
}

/** The errors that have no error within decide. A cycle has none. */
const saysNotSent = (error: unknown): boolean => {
  const all = new Set([error])
  let decides = false
  for (const each of all) {
    const { name, cause, errors, $metadata } = each as ClientError
    const mayHaveSent = name === 'AbortError' || ($metadata !== undefined && $metadata.attempts !== 1)
    if (mayHaveSent || all.size > MOST_ERRORS) return false
    const within = [...(Array.isArray(errors) ? errors : []), ...(cause == null ? [] : [cause])]
    for (const inner of within) all.add(inner)
    if (within.length > 0) continue
    if (!isBeforeSending(each as ClientError)) return false
    decides = true
  }
  return decides
}

/**
 * The kernel reports an unreachable host on an open connection too, as an error of `read` or `write`. An error with a
 * status is about an answer.
 */
const isBeforeSending = ({ code, syscall, status, statusCode, response }: ClientError): boolean =>
  typeof code === 'string' &&
  (UNREACHED.includes(code) || CERTIFICATE.test(code)) &&
  !/^(read|write)/.test(String(syscall)) &&
  (status ?? statusCode ?? response) == null
