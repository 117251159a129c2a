/**
 * `npm run e2e`: deploys the example stack with the CDK command line to an AWS emulator, calls it over HTTP and SQS,
 * deploys it again while records exist, and removes it. `npm run e2e -- --aws` does the same in the account whose
 * credentials are in the environment. However it ends, it removes everything that it started.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'
import { bootstrapEmulator, createDeployment, type Deployment, readOutputs } from './deployment.ts'
import { E2eRefusedError } from './e2e-refused.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { assertRemoved } from './removed.ts'

const REFUSED_STATUS = 2

/** Shorter than the slow test payment and order, so that they run into it. */
const SHORT_TIMEOUT_SECONDS = 2

const LONG_TIMEOUT_SECONDS = 10

const JEST = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url))
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

/** Turns off the SDK's warning, in every process, that it will require Node 22. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const say = (line: string): void => {
  process.stdout.write(`e2e: ${line}\n`)
}

const timed = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
  const start = Date.now()
  const value = await run()
  say(`${what} (${((Date.now() - start) / 1_000).toFixed(1)} s)`)
  return value
}

interface Stage {
  readonly name: string
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
  /** The example stack. */
  readonly example: Deployment
  /** A stack with the kinds of API that the example lacks. */
  readonly doors: Deployment
}

const createStage = (name: string, directory: string, env: NodeJS.ProcessEnv): Stage => {
  const deployment = (part: string, file: string): Deployment =>
    createDeployment({ stage: name, directory: join(directory, part), app: `node --import tsx ${file}`, env })
  return {
    name,
    directory,
    env,
    example: deployment('example', 'bin/app.ts'),
    doors: deployment('doors', 'test/e2e/doors/app.ts'),
  }
}

/** The suites `first` and `second` run before and after the second deployment. The notes pass data between them. */
const runSuite = async (part: 'first' | 'second', { env, directory, example, doors }: Stage): Promise<void> => {
  const given = {
    E2E_OUTPUTS: example.outputsFile,
    E2E_DOORS_OUTPUTS: doors.outputsFile,
    E2E_NOTES: join(directory, 'notes.json'),
  }
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', JEST, '--config']
  await runCommand(process.execPath, [...args, 'test/e2e/jest.config.js', `test/e2e/${part}/`], {
    env: { ...env, ...given },
    shown: true,
  })
}

const runAll = async (stage: Stage): Promise<void> => {
  const { example, doors, env } = stage
  await timed('deployed', () => example.deploy({ timeoutSeconds: SHORT_TIMEOUT_SECONDS }))
  await timed('deployed the other doors', () => doors.deploy())
  await runSuite('first', stage)
  await timed('deployed again, over the records', () => example.deploy({ timeoutSeconds: LONG_TIMEOUT_SECONDS }))
  await runSuite('second', stage)
  const outputs = readOutputs(example.outputsFile)
  await timed('destroyed', () => destroyAll(stage))
  Object.assign(process.env, env) // the SDK reads its credentials there
  await assertRemoved(outputs, env)
}

/** Removes both stacks, even if removing the first fails. */
const destroyAll = async ({ doors, example }: Stage): Promise<void> => {
  await doors.destroy().finally(() => example.destroy())
}

const onEmulator = async (directory: string, started: (emulator: Emulator) => void): Promise<void> => {
  const emulator = await timed('MiniStack is up', () => startEmulator(directory))
  started(emulator)
  const { AWS_PROFILE: _profile, AWS_SESSION_TOKEN: _token, ...rest } = process.env
  const env = { ...rest, ...emulator.environment }
  await timed('bootstrapped', () => bootstrapEmulator(env))
  await runAll(createStage('e2e', directory, env))
}

/** Uses a unique stage, so that two runs in one account stay apart. It is removed even if a test fails. */
const onAws = async (directory: string): Promise<void> => {
  const stage = createStage(`e2e-${randomBytes(4).toString('hex')}`, directory, process.env)
  say(
    `LambdaOnceExample-${stage.name} and LambdaOnceDoors-${stage.name} will be created in your account and removed at the end`,
  )
  say('if you kill this process, delete these two stacks with CloudFormation')
  try {
    await runAll(stage)
  } catch (error) {
    await timed('destroyed after the failure', () => destroyAll(stage))
    throw error
  }
}

const readFlags = (args: readonly string[]): { readonly aws: boolean } => {
  const unknown = args.find((arg) => arg !== '--aws')
  if (unknown !== undefined) throw new E2eRefusedError(`Unknown argument ${unknown}: the only one is --aws`)
  return { aws: args.includes('--aws') }
}

let emulator: Emulator | undefined
const directory = await mkdtemp(join(tmpdir(), 'lambda-once-e2e-'))

const cleanUp = async (): Promise<void> => {
  await emulator?.stop()
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(1)))
}

try {
  const { aws } = readFlags(process.argv.slice(2))
  await timed('built', () => runCommand(process.execPath, [TSC, '-p', 'tsconfig.build.json']))
  if (aws) await onAws(directory)
  else {
    await onEmulator(directory, (started) => {
      emulator = started
    })
  }
  say('passed')
} catch (error) {
  process.stderr.write(`npm run e2e: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof E2eRefusedError ? REFUSED_STATUS : 1
} finally {
  await cleanUp()
}
