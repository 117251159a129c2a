import type { Check, Judged } from './check.ts'
import type { Fact } from './fact.ts'

export const PERMISSION_CHECKS: readonly Check[] = [
  {
    id: 'permission-read',
    what: 'your permission to read a record',
    how: 'GetItem of a record that does not exist',
    meaning: 'Without it inspect and every act end with exit status 3.',
    remedy: 'Use a role that has IdempotencyTable.grantOperators.',
    judge: ({ permissions: { person } }) => person && granted({ 'dynamodb:GetItem': person.read }),
  },
  {
    id: 'permission-list',
    what: 'your permission to scan the table',
    how: 'Scan of one item',
    meaning: 'Without it list ends with exit status 3, and you have to know the records by name.',
    remedy: 'Use a role that has IdempotencyTable.grantOperators.',
    judge: ({ permissions: { person } }) => person && granted({ 'dynamodb:Scan': person.list }),
  },
  {
    id: 'permission-act',
    what: 'your permission to change a record',
    how: 'UpdateItem with a condition that never holds',
    meaning: 'Without it you can look, and neither settle nor release.',
    remedy: 'Use a role that has IdempotencyTable.grantOperators.',
    judge: ({ permissions: { person } }) => person && granted({ 'dynamodb:UpdateItem': person.act }),
  },
  {
    id: 'permission-claim',
    what: "a function's permissions for the records of --operation",
    how: 'GetItem, PutItem and UpdateItem with a condition that never holds, under that operation',
    meaning: 'Without them a function with these credentials answers 500 store-misconfigured.',
    remedy: "Grant them with IdempotencyTable.grantClaims(fn, { operation }), under the handler's own operation.",
    judge: ({ permissions: { claim } }) =>
      claim &&
      granted({ 'dynamodb:GetItem': claim.read, 'dynamodb:PutItem': claim.put, 'dynamodb:UpdateItem': claim.update }),
  },
]

/** A refusal counts for more than a permission that is not known. */
const granted = (permissions: Readonly<Record<string, Fact<boolean>>>): Judged => {
  const all = Object.entries(permissions)
  const denied = all.filter(([, fact]) => fact.kind === 'known' && !fact.value).map(([name]) => name)
  if (denied.length > 0) return { verdict: 'bad', finding: `no permission for ${denied.join(', ')}` }
  const open = all.find(([, fact]) => fact.kind === 'unknown')
  if (open?.[1].kind === 'unknown') return { verdict: 'unknown', finding: `${open[0]}: ${open[1].why}` }
  return { verdict: 'ok', finding: all.map(([name]) => name).join(', ') }
}
