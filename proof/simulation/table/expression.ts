/** An attribute in DynamoDB's JSON, limited to the types that a record uses. */
export interface WireValue {
  readonly S?: string
  readonly N?: string
  readonly B?: string
  readonly M?: WireItem
}

export type WireItem = Readonly<Record<string, WireValue>>

/** The expressions of a request. */
export interface Expressions {
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: WireItem
}

const PLACEHOLDER = /[:#]\w+/g

/**
 * Returns DynamoDB's validation error for a request, in its words. DynamoDB checks names before values, both before the
 * item.
 */
export const mistakeIn = (request: Expressions): string | undefined => {
  const { ConditionExpression = '', UpdateExpression = '' } = request
  const used = `${ConditionExpression} ${UpdateExpression}`.match(PLACEHOLDER) ?? []
  return (
    mistakeAbout(request, 'ExpressionAttributeNames', used) ?? mistakeAbout(request, 'ExpressionAttributeValues', used)
  )
}

const mistakeAbout = (
  request: Expressions,
  member: 'ExpressionAttributeNames' | 'ExpressionAttributeValues',
  used: readonly string[],
): string | undefined => {
  const given = request[member]
  if (given === undefined) return undefined
  const placeholders = Object.keys(given)
  if (placeholders.length === 0) return `${member} must not be empty`
  const unused = placeholders.filter((placeholder) => !used.includes(placeholder))
  return unused.length === 0
    ? undefined
    : `Value provided in ${member} unused in expressions: keys: {${unused.join(', ')}}`
}

/** The part of DynamoDB's expression language that the store uses. Anything else throws. */
export const holds = (request: Expressions, item: WireItem): boolean =>
  request.ConditionExpression === undefined ||
  request.ConditionExpression.split(' AND ').every((term) => termHolds(request, item, term))

const EXISTENCE = /^attribute_(not_)?exists\((\S+)\)$/
const COMPARISON = /^(\S+) ([=<]) (:\S+)$/

const termHolds = (request: Expressions, item: WireItem, term: string): boolean => {
  const existence = EXISTENCE.exec(term)
  if (existence !== null)
    return (existence[1] === undefined) === (valueAt(item, pathIn(request, existence[2])) !== undefined)
  const [, operand, operator, placeholder] = COMPARISON.exec(term) ?? notUnderstood(term)
  const stored = valueAt(item, pathIn(request, operand))
  const given = valueIn(request, placeholder)
  if (stored === undefined) return false // in DynamoDB, a comparison with an absent attribute is false
  return operator === '<' ? Number(stored.N) < Number(given.N) : stored.S === given.S && stored.N === given.N
}

const UPDATE = /^SET (.+?)(?: REMOVE (.+))?$/
const ASSIGNMENT = /^(\S+) = (?:(\S+) \+ )?(:\S+)$/

export const updated = (request: Expressions, item: WireItem): WireItem => {
  const { UpdateExpression: text = '' } = request
  const [, assignments = '', removed] = UPDATE.exec(text) ?? notUnderstood(text)
  let next: WireItem = item
  for (const assignment of assignments.split(', ')) {
    const [, name, added, placeholder] = ASSIGNMENT.exec(assignment) ?? notUnderstood(assignment)
    const value = valueIn(request, placeholder)
    const sum = (to: WireValue | undefined): WireValue => ({ N: String(Number(to?.N) + Number(value.N)) })
    next = withValue(
      next,
      pathIn(request, name),
      added === undefined ? value : sum(valueAt(item, pathIn(request, added))),
    )
  }
  const left: Record<string, WireValue> = { ...next }
  for (const name of removed?.split(', ') ?? []) delete left[pathIn(request, name)[0]]
  return left
}

/** An attribute, and the name in its map. */
type Path = readonly [attribute: string, name?: string]

const pathIn = ({ ExpressionAttributeNames: names = {} }: Expressions, word = ''): Path => {
  const [attribute = '', name] = word
    .split('.')
    .map((part) => (part.startsWith('#') ? (names[part] ?? notUnderstood(part)) : part))
  return name === undefined ? [attribute] : [attribute, name]
}

const valueAt = (item: WireItem, [attribute, name]: Path): WireValue | undefined =>
  name === undefined ? item[attribute] : item[attribute]?.M?.[name]

/** DynamoDB refuses a path into a map that is not there. */
const withValue = (item: WireItem, [attribute, name]: Path, value: WireValue): WireItem => {
  if (name === undefined) return { ...item, [attribute]: value }
  const map = item[attribute]?.M ?? notUnderstood(`a path into ${attribute}, which is not in the item`)
  return { ...item, [attribute]: { M: { ...map, [name]: value } } }
}

const valueIn = ({ ExpressionAttributeValues: values = {} }: Expressions, word = ''): WireValue =>
  values[word] ?? notUnderstood(word)

const notUnderstood = (text: string): never => {
  throw new Error(`The simulated table does not understand "${text}"`)
}
