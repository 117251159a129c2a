import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'

/** The example stack, deployed with the CDK command line. */
export interface Deployment {
  readonly outputsFile: string
  deploy(timeoutSeconds: number): Promise<void>
  destroy(): Promise<void>
}

const CDK = fileURLToPath(new URL('../../node_modules/aws-cdk/bin/cdk', import.meta.url))

export const createDeployment = (stage: string, directory: string, env: NodeJS.ProcessEnv): Deployment => {
  const outputsFile = join(directory, 'outputs.json')
  const cdk = (...args: readonly string[]): Promise<string> =>
    runCommand(process.execPath, [CDK, ...args, '-c', `stage=${stage}`, '--output', join(directory, 'cdk.out')], {
      env,
    })
  return {
    outputsFile,
    deploy: async (timeoutSeconds) => {
      const settings = ['-c', `timeoutSeconds=${timeoutSeconds}`]
      await cdk('deploy', '--require-approval', 'never', '--outputs-file', outputsFile, ...settings)
    },
    destroy: async () => {
      await cdk('destroy', '--force')
    },
  }
}

/** Once for an account and Region; an account of AWS has it already. */
export const bootstrapEmulator = async (env: NodeJS.ProcessEnv): Promise<void> => {
  await runCommand(process.execPath, [CDK, 'bootstrap', 'aws://000000000000/us-east-1'], { env })
}

/** The outputs of the one stack. */
export const readOutputs = (file: string): Readonly<Record<string, string>> => {
  const [outputs] = Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>)
  if (outputs === undefined) throw new Error(`No outputs in ${file}`)
  return outputs
}
