#!/usr/bin/env node
import { processIo } from './io.ts'
import { run } from './run.ts'

/** `lambda-once list | head` closes the pipe early, which is no failure of the command. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), processIo())
