import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What DynamoDB Local 3 is compiled for. */
const LEAST_JAVA = 17

const REMEDY = `install a Java runtime of version ${LEAST_JAVA} or newer (OpenJDK, Temurin, Corretto) and put "java" on the PATH`

/** DynamoDB Local is a Java program. The message is one line that says what was found, and what to do. */
export class JavaMissing extends Error {
  override readonly name = 'JavaMissing'

  constructor(found: string, options?: ErrorOptions) {
    super(`DynamoDB Local needs Java ${LEAST_JAVA}: ${found}; ${REMEDY}`, options)
  }
}

/** Throws {@link JavaMissing} where the `java` on the PATH cannot run DynamoDB Local. */
export const requireJava = async (java: string = 'java'): Promise<void> => {
  const version = javaVersion(await versionText(java))
  if (version === undefined) throw new JavaMissing('the "java" on the PATH does not tell its version')
  if (version < LEAST_JAVA) throw new JavaMissing(`the "java" on the PATH is version ${version}`)
}

/** `17` of `openjdk version "17.0.15"`; `8` of `java version "1.8.0_392"`, as versions were written before 9. */
export const javaVersion = (text: string): number | undefined => {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(text) ?? []
  if (first === undefined) return undefined
  return Number(first === '1' && second !== undefined ? second : first)
}

/** The version is told on stderr. macOS has a `java` that only says that there is none. */
const versionText = async (java: string): Promise<string> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(java, ['-version'])
    return `${stderr}\n${stdout}`
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new JavaMissing(missing ? 'there is no "java" on the PATH' : '"java -version" fails', { cause: error })
  }
}
