import { equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Check } from './check.ts'
import type { Workplace } from './install.ts'

/** `inspect --serve` of the packed package: it has every file that its page loads, and ends on a signal. */
export const pageCheck = ({ installed }: Workplace): Check => ({
  name: 'lambda-once inspect --serve',
  run: async () => {
    const flags = ['inspect', '--serve', '--table', 'records', '--endpoint', 'http://127.0.0.1:1']
    const child = spawn(process.execPath, [join(installed, 'dist/lib/cli/main.js'), ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit')
    try {
      const url = await urlOf(child.stderr, ended)
      const html = await textAt(url)
      const loaded = [...html.matchAll(/(?:href|src)="(files\/[^"]+)"/g)].map(([, path = '']) => path)
      equal(new Set(loaded).size, 3)
      for (const path of loaded) await textAt(url + path)
      const script = await textAt(`${url}files/lib/cli/page/browser/table.js`)
      for (const [, name = ''] of script.matchAll(/from '\.\/([^']+)'/g))
        await textAt(`${url}files/lib/cli/page/browser/${name}`)
      match(await textAt(`${url}table`), /"tableName":"records"/)
      child.kill('SIGTERM')
      equal((await ended)[0], 0)
    } finally {
      child.kill('SIGKILL')
    }
  },
})

const urlOf = async (stderr: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<string> => {
  let said = ''
  const told = (async () => {
    for await (const chunk of stderr) {
      said += chunk
      const url = /http:\/\/\S+\/(?= )/.exec(said)?.[0]
      if (url !== undefined) return url
    }
    return undefined
  })()
  const url = await Promise.race([told, ended.then(() => undefined)])
  if (url === undefined) throw new Error(`It has printed no URL: ${said}`)
  return url
}

const textAt = async (url: string): Promise<string> => {
  const response = await fetch(url)
  equal(response.status, 200, url)
  return response.text()
}
