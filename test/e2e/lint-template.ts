/** `npm run lint:template`: synthesizes the example stack and checks its template against CloudFormation's schemas. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'
import { E2eRefusedError } from './e2e-refused.ts'
import { pythonProgram } from './python.ts'

const REFUSED_STATUS = 2

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** W3005: CDK writes dependencies that a reference already implies. This does no harm. */
const IGNORED = 'W3005'

const lint = async (directory: string): Promise<void> => {
  const program = await pythonProgram('cfn-lint')
  await runCommand(process.execPath, [fileOf('node_modules/typescript/bin/tsc'), '-p', fileOf('tsconfig.build.json')])
  for (const stage of ['dev', 'prod']) {
    const cdk = [fileOf('node_modules/aws-cdk/bin/cdk'), 'synth', '--quiet', '-c', `stage=${stage}`]
    await runCommand(process.execPath, [...cdk, '--output', join(directory, stage)])
    const templates = (await readdir(join(directory, stage))).filter((name) => name.endsWith('.template.json'))
    if (templates.length === 0) throw new Error(`cdk synth made no template for ${stage}`)
    const files = templates.map((name) => join(directory, stage, name))
    await runCommand(program, ['--ignore-checks', IGNORED, '--', ...files])
    process.stdout.write(`${templates.join(', ')}: nothing found\n`)
  }
}

const directory = await mkdtemp(join(tmpdir(), 'lambda-once-lint-'))
try {
  await lint(directory)
} catch (error) {
  process.stderr.write(`npm run lint:template: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof E2eRefusedError ? REFUSED_STATUS : 1
} finally {
  await rm(directory, { recursive: true, force: true })
}
