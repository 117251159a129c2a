import { Command } from 'commander'
import { addActs } from './commands/acts.ts'
import { addDemo } from './commands/demo.ts'
import { addDoctor } from './commands/doctor.ts'
import { addInspect } from './commands/inspect.ts'
import { addList } from './commands/list.ts'
import { addMigrate } from './commands/migrate.ts'
import { addPolicy } from './commands/policy.ts'
import { addProve } from './commands/prove.ts'
import type { Io } from './io.ts'
import type { Perform } from './perform.ts'
import { packageVersion } from './version.ts'

/** Adds one command. Its module imports what the command needs only when it runs. */
type AddCommand = (program: Command, perform: Perform) => void

const COMMANDS: readonly AddCommand[] = [
  addDemo,
  addInspect,
  addList,
  addActs,
  addDoctor,
  addProve,
  addPolicy,
  addMigrate,
]

const EXIT_STATUS = `
Exit status:
  0  done
  1  the answer is no: nothing was found, a check failed, or the record has moved
  2  wrong usage
  3  the store or the API refused, or cannot be reached
`

export const createProgram = (io: Io, perform: Perform): Command => {
  const program = new Command('lambda-once')
    .description(
      'Looks at the records of lambda-once, decides those that wait for a person, and shows the layer at work.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', EXIT_STATUS)
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, '')),
      writeErr: (text) => io.err(text.replace(/\n$/, '')),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => io.colours,
      getErrHasColors: () => false,
    })
    .exitOverride()
  for (const add of COMMANDS) add(program, perform)
  nameHelp(program, program.name())
  return program
}

/** After an error each command names its own help. */
const nameHelp = (command: Command, path: string): void => {
  command.showHelpAfterError(`(${path} --help lists the flags)`)
  for (const inner of command.commands) nameHelp(inner, `${path} ${inner.name()}`)
}

/** The same on every terminal, so that the docs can show it. */
const HELP_WIDTH = 100
