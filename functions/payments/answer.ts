/** The answer of a business function, in the shape that API Gateway takes. */
export interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const answer = (statusCode: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})
