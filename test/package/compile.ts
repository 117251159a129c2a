import { deepEqual, equal, ok } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Check, node } from './check.ts'
import { manifest, ROOT, type Workplace } from './install.ts'
import { invoke } from './invoke.ts'

/** TypeScript settings of a user's project: `type` in package.json, and the module settings. */
interface Setting {
  readonly name: string
  readonly type: 'commonjs' | 'module'
  readonly module: string
  readonly moduleResolution?: string
  /** @default - this repository's compiler. TypeScript 7 has no node10. */
  readonly compiler?: 'typescript' | 'typescript-5'
  /** @default - a fixture that imports every entry statically */
  readonly fixture?: 'payment' | 'payment-imported'
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'node10',
    type: 'commonjs',
    module: 'commonjs',
    moduleResolution: 'node10',
    compiler: 'typescript-5',
  },
  { name: 'commonjs-bundler', type: 'commonjs', module: 'commonjs', moduleResolution: 'bundler' },
  { name: 'node16-commonjs', type: 'commonjs', module: 'node16', fixture: 'payment-imported' },
  { name: 'node16-esm', type: 'module', module: 'node16' },
  { name: 'node20-commonjs', type: 'commonjs', module: 'node20' },
  { name: 'nodenext-commonjs', type: 'commonjs', module: 'nodenext' },
  { name: 'nodenext-esm', type: 'module', module: 'nodenext' },
  { name: 'bundler', type: 'module', module: 'esnext', moduleResolution: 'bundler' },
  { name: 'preserve', type: 'module', module: 'preserve' },
]

const STRICT = { target: 'es2022', strict: true, types: ['node'], skipLibCheck: true, outDir: 'out', rootDir: '.' }

const compile = (project: string, compiler = 'typescript'): ReturnType<typeof node> =>
  node([join(ROOT, 'node_modules', compiler, 'bin/tsc'), '-p', '.'], { cwd: project })

const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => `lambda-once${subpath.slice(1)}`)

/** Checks that each entry resolves at run time, and that none of its types is `any`, the type of unresolved imports. */
const entries = [
  `import type { Typed } from './typed.js'`,
  ...subpaths.flatMap((name, at) => [
    `import * as entry${at} from '${name}'`,
    `export const typed${at}: Typed<typeof entry${at}> = Object.keys(entry${at}).length > 0`,
    `if (!typed${at}) throw new Error('${name} is empty')`,
  ]),
].join('\n')

/** With each setting, a project compiles, and its output runs on this version of Node. */
export const compileChecks = (workplace: Workplace): readonly Check[] =>
  SETTINGS.map((setting) => ({
    name: `TypeScript: ${setting.name}`,
    run: async () => {
      const project = projectUnder(workplace, setting)
      await compile(project, setting.compiler)
      equal(
        await invoke(join(project, 'out/payment.js'), { times: 2, requiresEsModules: requiresEsModules(setting) }),
        '201 created 1999, attempt 1\n201 replayed 1999, attempt 1\n',
      )
    },
  }))

const requiresEsModules = ({ type, fixture }: Setting): boolean => type === 'commonjs' && fixture !== 'payment-imported'

const projectUnder = (workplace: Workplace, setting: Setting): string => {
  const { name, type, module, moduleResolution, fixture = 'payment' } = setting
  const compilerOptions = { ...STRICT, module, ...(moduleResolution === undefined ? {} : { moduleResolution }) }
  return workplace.project(name, [fixture], {
    'package.json': { type },
    'tsconfig.json': { compilerOptions, include: ['*.ts'] },
    ...(fixture === 'payment' ? { 'entries.ts': entries } : {}),
  })
}

/** TypeScript before 5.0 does not resolve `./claim.ts`, and `skipLibCheck` hides the error. */
export const importsCheck = ({ installed }: Workplace): Check => ({
  name: 'TypeScript: declarations import no source',
  run: async () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))
    const isWrong = (name: string): boolean =>
      /(from |import\()'[^']*\.ts'/.test(readFileSync(join(installed, name), 'utf8'))
    ok(files.length > subpaths.length)
    deepEqual(files.filter(isWrong), [])
  },
})

/**
 * A project that emits declarations, as in a monorepo. The package must export each type that the compiler has to name
 * in them.
 */
export const declarationsCheck = (workplace: Workplace): Check => ({
  name: 'TypeScript: a project that emits declarations',
  run: async () => {
    const compilerOptions = {
      ...STRICT,
      module: 'nodenext',
      exactOptionalPropertyTypes: true, // needs skipLibCheck, because CDK's declarations do not compile with this option
      verbatimModuleSyntax: true,
      declaration: true,
    }
    await compile(
      workplace.project('declarations', ['declarations'], {
        'package.json': { type: 'module' },
        'tsconfig.json': { compilerOptions, include: ['*.ts'] },
      }),
    )
  },
})
