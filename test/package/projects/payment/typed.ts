type IsAny<Type> = 0 extends 1 & Type ? true : false

type AnyMembers<Module> = { [Name in keyof Module]: IsAny<Module[Name]> extends true ? Name : never }[keyof Module]

/** `boolean` for a module with types; `never` if one of its members is `any`. */
export type Typed<Module> = [AnyMembers<Module>] extends [never] ? boolean : never
