import { UsageError } from './errors.ts'

/** The least and the most of an integer, or the type of the value. */
export type Rule = readonly [least: number, most: number] | 'boolean' | 'function' | 'object' | 'string'

/** The options without `undefined`. */
export type Given<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> }

export const refuse = (problem: string): never => {
  throw new UsageError(problem)
}

/** Does not show the text, which may be a key. */
export const mustMatch = (what: string, text: string, pattern: RegExp): void => {
  if (!pattern.test(text)) refuse(`${what} must match ${pattern}`)
}

/** Returns the options that are not `undefined`. Throws {@link UsageError} for one that breaks its rule. */
export const checkOptions = <T extends object>(options: T, rules: Readonly<Record<keyof T, Rule>>): Given<T> => {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (!Object.hasOwn(rules, name))
      refuse(`option "${name}" is not known; the options are ${Object.keys(rules).join(', ')}`)
    const rule = rules[name as keyof T]
    const isType = typeof rule === 'string'
    const fits = isType
      ? value !== null && typeof value === rule
      : Number.isInteger(value) && value >= rule[0] && value <= rule[1]
    const need = isType ? `of type ${rule}` : `an integer from ${rule.join(' to ')}`
    if (!fits) refuse(`option "${name}" is ${String(value)}; it must be ${need}`)
  }
  return Object.fromEntries(given) as Given<T>
}
