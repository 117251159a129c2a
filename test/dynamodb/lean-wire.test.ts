import { itemFromWire, toWire } from '../../lib/dynamodb/lean/wire.ts'

/** A slice of a larger buffer, as Node's pool makes them: its own bytes only may be sent. */
const slice = Buffer.from('xx\x01\x00\xffyy', 'latin1').subarray(2, 5)

describe('On the wire, without the SDK,', () => {
  test('binaries are Base64 at the top level and in maps, and everything else is as it is', () => {
    const wire = JSON.parse(
      toWire({
        TableName: 't',
        Key: { pk: { S: 'a' } },
        UpdateExpression: 'SET steps.#s1 = :s1',
        ExpressionAttributeNames: { '#s1': 'constructor' },
        ExpressionAttributeValues: {
          ':s1': { B: slice },
          ':steps': { M: { a: { B: slice }, hasOwnProperty: { M: { b: { B: new Uint8Array(0) } } }, n: { N: '1' } } },
        },
      }),
    )
    expect(wire).toEqual({
      TableName: 't',
      Key: { pk: { S: 'a' } },
      UpdateExpression: 'SET steps.#s1 = :s1',
      ExpressionAttributeNames: { '#s1': 'constructor' },
      ExpressionAttributeValues: {
        ':s1': { B: 'AQD/' },
        ':steps': { M: { a: { B: 'AQD/' }, hasOwnProperty: { M: { b: { B: '' } } }, n: { N: '1' } } },
      },
    })
  })

  test('an item comes back as it was sent, whatever is in its maps', () => {
    const deep = { M: { er: { B: Uint8Array.of(0, 255) } } }
    const item = {
      pk: { S: 'a' },
      steps: { M: { a: { B: Uint8Array.of(1, 7) }, constructor: { B: Uint8Array.of() }, deep } },
      empty: { M: {} },
    }
    const back = itemFromWire(JSON.parse(toWire({ TableName: 't', Item: item })).Item)
    expect(back).toEqual(withBuffers(item))
  })
})

/** Binaries come back as `Buffer`. */
const withBuffers = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withBuffers(member)]))
}
