import { setFlagsFromString } from 'node:v8'

const inV8 = (expression: string, one: object, other?: object): boolean => {
  setFlagsFromString('--allow-natives-syntax')
  try {
    return new Function('one', 'other', `return ${expression}`)(one, other) === true
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}

/** Whether two objects have the same hidden class in V8. */
export const shareHiddenClass = (one: object, other: object): boolean => inV8('%HaveSameMap(one, other)', one, other)

/** Whether an object has a hidden class for its members. Otherwise V8 keeps them in a dictionary. */
export const hasHiddenClass = (one: object): boolean => inV8('%HasFastProperties(one)', one)
