import type { Command } from 'commander'
import type { CommonFlags, Perform } from '../perform.ts'
import { withJson } from './shared-options.ts'

export const addDemo = (program: Command, perform: Perform): void => {
  withJson(program.command('demo'))
    .summary('see what the layer does, with nothing to set up')
    .description(
      'Runs one handler without and with lambda-once through a retry, 20 parallel clicks, a lost answer, another body and ' +
        'a crash, and counts the charges. It needs no AWS account, no network and no configuration.',
    )
    .addHelpText(
      'after',
      `
Example:
  lambda-once demo`,
    )
    .action(perform<CommonFlags>(async (flags, io) => (await import('../demo/demo.ts')).demo(flags, io)))
}
