/**
 * The process of one function, in place of Lambda's runtime. It loads the module that its argument names, and runs one
 * invocation after the other. They arrive over the channel to the gateway. The process ends when that channel closes.
 */
import { pathToFileURL } from 'node:url'
import { lambdaContext } from './lambda-context.ts'
import type { FunctionMessage, Invocation } from './messages.ts'
import { watchInside } from './watch-inside.ts'

type Handler = (event: unknown, context: unknown) => unknown

// However the gateway ends, even by SIGKILL, this process ends too, even while its handler runs.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

// Ctrl-C reaches the whole process group, but the gateway decides when its functions end.
process.on('SIGINT', () => {})

const send = (message: FunctionMessage): void => {
  process.send?.(message)
}

/** Lambda's log also shows the stack. It is left out here, because the stack of a bundle says little. */
const report = (requestId: string, error: unknown): void => {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  process.stderr.write(`${process.env.AWS_LAMBDA_FUNCTION_NAME} ${requestId} ERROR ${said}\n`)
}

const invoke = async (handler: Handler, { requestId, event, deadline }: Invocation): Promise<void> => {
  try {
    const result = await handler(JSON.parse(event), lambdaContext(requestId, deadline))
    send({ kind: 'returned', result: JSON.stringify(result) ?? 'null' })
  } catch (error) {
    report(requestId, error)
    send({ kind: 'threw' })
  }
}

const load = async (file: string): Promise<Handler> => {
  try {
    const { handler } = (await import(pathToFileURL(file).href)) as { handler: Handler }
    return handler
  } catch (error) {
    report('INIT', error)
    process.exit(1)
  }
}

const [, , file = '', watched] = process.argv
if (watched !== undefined) watchInside((seen) => send({ kind: 'seen', seen }))
const handler = await load(file)
process.on('message', (invocation) => invoke(handler, invocation as Invocation))
send({ kind: 'ready' })
