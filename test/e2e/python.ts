import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'
import { E2eRefusedError } from './e2e-refused.ts'

/** Pinned, because the suite relies on the emulator's behaviour in one version. */
const PACKAGES = { ministack: '1.5.33', 'cfn-lint': '1.58.0' } as const

const VENV = fileURLToPath(new URL('../../.venv/e2e', import.meta.url))

/** The Python version that both packages require. */
const IS_NEW_ENOUGH = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'

/** Returns the path of a program from one of the packages. Installs the package first if needed, and keeps it. */
export const pythonProgram = async (name: keyof typeof PACKAGES): Promise<string> => {
  const [program, pip] = [join(VENV, 'bin', name), join(VENV, 'bin', 'pip')]
  const wanted = `${name}==${PACKAGES[name]}`
  if (existsSync(program) && (await runCommand(pip, ['freeze'])).split('\n').includes(wanted)) return program
  if (!existsSync(pip)) await createEnvironment()
  await runCommand(pip, ['install', '--quiet', '--disable-pip-version-check', wanted]).catch((cause: unknown) => {
    throw new E2eRefusedError(`${wanted} cannot be installed with pip; is a package index within reach?`, { cause })
  })
  return program
}

const createEnvironment = async (): Promise<void> => {
  await runCommand('python3', ['-c', IS_NEW_ENOUGH]).catch((cause: unknown) => {
    throw new E2eRefusedError('Python 3.10 or newer with venv and pip is needed, as python3', { cause })
  })
  await runCommand('python3', ['-m', 'venv', VENV])
}
