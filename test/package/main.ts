/** `npm run check:package`: compiles, bundles, tests and runs typical user projects with the packed package. */
import { acceptingDynamoDb, bundleChecks } from './bundle.ts'
import { runChecks } from './check.ts'
import { commandLineCheck } from './command-line.ts'
import { compileChecks, declarationsCheck, importsCheck } from './compile.ts'
import { install } from './install.ts'
import { pageCheck } from './page.ts'
import { testRunnerChecks } from './run-tests.ts'

const workplace = install()
const dynamoDb = await acceptingDynamoDb()
try {
  const passed = await runChecks([
    ...compileChecks(workplace),
    declarationsCheck(workplace),
    importsCheck(workplace),
    ...testRunnerChecks(workplace),
    commandLineCheck(),
    pageCheck(workplace),
    ...bundleChecks(workplace, dynamoDb.url),
  ])
  process.exitCode = passed ? 0 : 1
} finally {
  dynamoDb.close()
  workplace.remove()
}
