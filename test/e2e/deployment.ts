import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'

/** A stack that is deployed with the CDK command line. */
export interface Deployment {
  readonly outputsFile: string
  deploy(context?: Readonly<Record<string, string | number>>): Promise<void>
  destroy(): Promise<void>
}

export interface DeploymentSettings {
  readonly stage: string
  /** Directory for its output files. */
  readonly directory: string
  /** The command that synthesizes it. */
  readonly app: string
  readonly env: NodeJS.ProcessEnv
}

const CDK = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url))

export const createDeployment = ({ stage, directory, app, env }: DeploymentSettings): Deployment => {
  const outputsFile = join(directory, 'outputs.json')
  const cdk = async (command: string, ...args: readonly string[]): Promise<void> => {
    const common = ['--app', app, '-c', `stage=${stage}`, '--output', join(directory, 'cdk.out')]
    await runCommand(process.execPath, [CDK, command, ...common, ...args], { env })
  }
  return {
    outputsFile,
    deploy: (context = {}) => {
      const given = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      return cdk('deploy', '--require-approval', 'never', '--outputs-file', outputsFile, ...given)
    },
    destroy: () => cdk('destroy', '--force'),
  }
}

/** Needed once for an account and Region. An AWS account must already have it. */
export const bootstrapEmulator = async (env: NodeJS.ProcessEnv): Promise<void> => {
  await runCommand(process.execPath, [CDK, 'bootstrap', 'aws://000000000000/us-east-1'], { env })
}

/** The outputs of the only stack. */
export const readOutputs = (file: string): Readonly<Record<string, string>> => {
  const [outputs] = Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>)
  if (outputs === undefined) throw new Error(`No outputs in ${file}`)
  return outputs
}
