import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

const PROJECTS = join(ROOT, 'test/package/projects')

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

export const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

/** What a user's project installs besides the package and its dependencies. */
const OF_THE_USER: readonly string[] = ['@types/aws-lambda', '@types/node', '@swc/jest']

export interface Workplace {
  /** Directory of the installed package. */
  readonly installed: string
  /** Creates a project with copies of the named fixtures, in a folder below the installed package. */
  project(name: string, fixtures: readonly string[], files: Readonly<Record<string, unknown>>): string
  remove(): void
}

/**
 * Unpacks the packed package outside the repository, as npm does, so that only its declared dependencies resolve. These
 * are links to the repository's copies.
 */
export const install = (): Workplace => {
  const folder = mkdtempSync(join(tmpdir(), 'lambda-once-package-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'lambda-once')
  mkdirSync(installed, { recursive: true })
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: ROOT })
  const tarball = join(folder, `lambda-once-${manifest.version}.tgz`)
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  const asked = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]
  for (const name of [...asked, ...OF_THE_USER]) link(name, modules)
  return {
    installed,
    project: (name, fixtures, files) => {
      const project = join(folder, name)
      for (const fixture of fixtures) cpSync(join(PROJECTS, fixture), project, { recursive: true })
      mkdirSync(project, { recursive: true })
      for (const [file, content] of Object.entries(files))
        writeFileSync(join(project, file), typeof content === 'string' ? content : JSON.stringify(content))
      return project
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const link = (name: string, modules: string): void => {
  mkdirSync(dirname(join(modules, name)), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'dir')
}
