import type { Provider } from './charge.ts'
import { httpProvider } from './http-provider.ts'
import { testProvider } from './test-provider.ts'

const { PROVIDER_URL } = process.env

/** The provider at `PROVIDER_URL`. Without that variable the example charges no one. */
export const provider: Provider = PROVIDER_URL === undefined ? testProvider : httpProvider(PROVIDER_URL)
