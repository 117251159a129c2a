import type { Checkpoint } from '../../lib/core/record/store.ts'
import { checkpointOf, keepSteps } from '../../lib/dynamodb/effects/checkpoint.ts'
import { ownersUpdate, settleInput } from '../../lib/dynamodb/expressions.ts'
import { abandoned, aClaim } from '../support/claims.ts'

const claim = aClaim()
const [charge, mail] = [Uint8Array.of(1, 1, 49), Uint8Array.of(1, 0)]
const steps = new Map([
  ['charge', charge],
  ['mail', mail],
])

const inputOf = (kept: Omit<Checkpoint, 'dynamoDb'>, hasSteps: boolean) =>
  keepSteps(ownersUpdate('table', claim, { set: {} }), checkpointOf(kept), hasSteps)

const OWNERS = 'claimToken = :mine AND #status = :inProgress'

describe('The write of a checkpoint', () => {
  test('of the first steps makes the map, only if there is none: a delayed one cannot replace a map', () => {
    const input = inputOf({ steps }, false)
    expect(input.UpdateExpression).toBe('SET steps = :steps, revision = revision + :one')
    expect(input.ConditionExpression).toBe(`${OWNERS} AND attribute_not_exists(steps)`)
    expect(input.ExpressionAttributeValues?.[':steps']).toEqual({ M: { charge: { B: charge }, mail: { B: mail } } })
  })

  test('of later steps sets each by its name, only in a map that exists', () => {
    const input = inputOf({ steps }, true)
    expect(input.UpdateExpression).toBe('SET steps.#s1 = :s1, steps.#s2 = :s2, revision = revision + :one')
    expect(input.ConditionExpression).toBe(`${OWNERS} AND attribute_exists(steps)`)
    expect(input.ExpressionAttributeNames).toEqual({ '#status': 'status', '#s1': 'charge', '#s2': 'mail' })
    expect(input.ExpressionAttributeValues).toMatchObject({ ':s1': { B: charge }, ':s2': { B: mail } })
  })

  test('of new names is refused by each of them, and without a lease', () => {
    const lease = 'attribute_exists(leaseExpiresAt)'
    expect(inputOf({ steps, isNew: true }, false).ConditionExpression).toBe(
      `${OWNERS} AND attribute_not_exists(steps) AND ${lease}`,
    )
    expect(inputOf({ steps, isNew: true }, true).ConditionExpression).toBe(
      `${OWNERS} AND attribute_exists(steps) AND ${lease} AND attribute_not_exists(steps.#s1) AND attribute_not_exists(steps.#s2)`,
    )
  })

  test('of 64 steps with long names is shorter than the 4 KB that an expression may have', () => {
    const many = new Map(Array.from({ length: 64 }, (_, index) => [`${index}`.padStart(64, 'n'), charge]))
    const { UpdateExpression = '', ConditionExpression = '' } = inputOf({ steps: many, isNew: true }, true)
    expect(UpdateExpression.length).toBeLessThan(4_096)
    expect(ConditionExpression.length).toBeLessThan(4_096)
  })

  test.each([true, false])('rides on with an abandon in the same form (a map exists: %p)', (hasSteps) => {
    const plain = settleInput('table', claim, abandoned())
    const { UpdateExpression, ConditionExpression } = keepSteps(plain, checkpointOf({ steps }), hasSteps)
    const sets = hasSteps ? 'steps.#s1 = :s1, steps.#s2 = :s2' : 'steps = :steps'
    expect(UpdateExpression).toBe(plain.UpdateExpression?.replace('SET ', `SET ${sets}, `))
    expect(UpdateExpression).toMatch(/REMOVE leaseExpiresAt$/)
    expect(ConditionExpression).toBe(
      `${plain.ConditionExpression} AND attribute_${hasSteps ? '' : 'not_'}exists(steps)`,
    )
  })
})
