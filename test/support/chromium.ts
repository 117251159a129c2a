import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The installed browser: the variable `CHROMIUM`, or the first one on the `PATH`. */
export const CHROMIUM: string | undefined =
  process.env.CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(isProgram)

/**
 * `describe` for tests in a browser. On a machine without Chromium they are skipped, and their titles say so. `.ci/run`
 * sets `NEEDS_CHROMIUM`, and they fail there instead.
 */
export const describeInChromium = (title: string, tests: () => void): void => {
  if (CHROMIUM !== undefined || process.env.NEEDS_CHROMIUM !== undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: Chromium is not installed; on Debian: apt-get install chromium)`, tests)
}

/** Headless. As root, Chromium has no sandbox. `hosts` are names of this machine. */
export const launchChromium = (hosts: readonly string[] = []): Promise<Browser> => {
  if (CHROMIUM === undefined) throw new Error('Chromium is not installed; on Debian: apt-get install chromium')
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])],
  })
}
