/** What an answer means, in words, by its status and by what the layer says of it. */
const MEANINGS = {
  '201 created': 'The function ran, and its answer is stored.',
  '201 replayed': 'The stored answer. The function did not run.',
  '409 in-progress': 'Another request has this key, or had it and its lease is not over. Nothing ran.',
  '409 outcome-pending': 'The provider was asked, and does not know yet. Nothing ran.',
  '422 key-reused': 'The key was used with another body. Nothing ran.',
  '503 idempotency-unavailable': 'The store cannot be reached, so nothing ran.',
  500: 'It is not known whether the charge happened. The record is in doubt.',
}

export const nameOf = ({ code, said }) => (said === undefined ? `${code}` : `${code} ${said}`)

export const meaningOf = (answer) =>
  [
    MEANINGS[nameOf(answer)] ?? MEANINGS[answer.code] ?? '',
    answer.said === 'replayed' && answer.isFirst !== undefined
      ? answer.isFirst
        ? 'It is the first answer, byte for byte.'
        : 'It is NOT the first answer.'
      : '',
    answer.retryAfter === undefined ? '' : `Retry after ${answer.retryAfter} s.`,
  ]
    .filter((part) => part !== '')
    .join(' ')

export const toneOf = ({ code }) => (code < 400 ? 'good' : code < 500 ? 'refused' : 'bad')
