/** Without the members that are `undefined`: as CDK has it, a prop that is `undefined` is one that was not given. */
export const defined = <T extends object>(props: T): T =>
  Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as T
