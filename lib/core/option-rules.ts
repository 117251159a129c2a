/** Returns what is wrong with a value, or `undefined` if it is right. */
export type Rule = (value: unknown) => string | undefined
export type Rules = Readonly<
  Record<
    string,
    {
      readonly required?: boolean
      /** The value may be a secret, such as a credential: messages show its type only. */
      readonly secret?: boolean
      /** Other entries take the option, and this one refuses every value. No message offers it. */
      readonly refused?: boolean
      readonly rule: Rule
    }
  >
>

/** An option that cannot be right. Thrown when the handler is made, before any request. `option` is its name. */
export class OptionError extends TypeError {
  override readonly name = 'OptionError'
  readonly option: string

  constructor(where: string, option: string, problem: string) {
    super(`${where}: option "${option}" ${problem}`)
    this.option = option
  }
}

export const oneOf =
  (...choices: readonly string[]): Rule =>
  (value) =>
    choices.includes(value as string)
      ? undefined
      : `must be one of ${choices.map((choice) => `"${choice}"`).join(', ')}`

export const integerBetween =
  (least: number, most: number): Rule =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? undefined
      : `must be an integer from ${least} to ${most}`

export const aFunction: Rule = (value) => (typeof value === 'function' ? undefined : 'must be a function')

/** Throws {@link OptionError} for unknown options, missing ones, and values that break their rule. */
export const checkOptions = (where: string, given: unknown, rules: Rules): void => {
  if (!isObject(given)) throw new OptionError(where, 'options', `is ${shown(given)}; it must be an object`)
  for (const [option, value] of Object.entries(given)) {
    const known = Object.hasOwn(rules, option) ? rules[option] : undefined
    if (known === undefined) {
      const options = Object.keys(rules).filter((name) => rules[name]?.refused !== true)
      throw new OptionError(where, option, `is not known; the options are ${options.join(', ')}`)
    }
    if (value === undefined && known.required !== true) continue
    const problem = known.rule(value)
    if (problem !== undefined) {
      const what = known.secret ? `of type ${typeof value}` : shown(value)
      throw new OptionError(where, option, `is ${what}; it ${problem}`)
    }
  }
  for (const [option, { required, rule }] of Object.entries(rules)) {
    if (required && !Object.hasOwn(given, option))
      throw new OptionError(where, option, `is missing; it ${rule(undefined)}`)
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The value of `name` if it is the object's only key; otherwise undefined, so unknown keys are rejected. */
export const onlyMember = (value: unknown, name: string): unknown =>
  isObject(value) && Object.keys(value).join() === name ? value[name] : undefined

/** A value as a message shows it: scalars as they are, URLs without user and password, everything else by its type. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return `"${value.replace(/(\/\/)[^/]*@/g, '$1')}"`
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
