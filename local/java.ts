import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The Java version that DynamoDB Local 3 is compiled for. */
const LEAST_JAVA = 17

const REMEDY = `install a Java runtime of version ${LEAST_JAVA} or newer (OpenJDK, Temurin, Corretto) and put "java" on the PATH`

/** This machine cannot run DynamoDB Local, a Java program. The message is one line: what was found, and what to do. */
export class JavaMissingError extends Error {
  override readonly name = 'JavaMissingError'

  constructor(found: string, options?: ErrorOptions) {
    super(`DynamoDB Local needs Java ${LEAST_JAVA}: ${found}; ${REMEDY}`, options)
  }
}

/** Throws {@link JavaMissingError} if the `java` on the PATH cannot run DynamoDB Local. */
export const requireJava = async (java: string = 'java'): Promise<void> => {
  const version = javaVersion(await versionText(java))
  if (version === undefined) throw new JavaMissingError('the "java" on the PATH does not report its version')
  if (version < LEAST_JAVA) throw new JavaMissingError(`the "java" on the PATH is version ${version}`)
}

/** Returns 17 for `openjdk version "17.0.15"`, and 8 for `java version "1.8.0_392"`, the format before Java 9. */
export const javaVersion = (text: string): number | undefined => {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? []
  if (first === undefined) return undefined
  return Number(first === '1' && second !== undefined ? second : first)
}

/** Java prints its version to stderr. On macOS without Java, a `java` exists that fails. */
const versionText = async (java: string): Promise<string> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(java, ['-version'])
    return `${stderr}\n${stdout}`
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new JavaMissingError(missing ? 'there is no "java" on the PATH' : '"java -version" fails', { cause: error })
  }
}
