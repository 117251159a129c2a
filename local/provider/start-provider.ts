import { closed, listen } from '../listen.ts'
import { type ProviderOptions, providerListener } from './provider-listener.ts'

export interface RunningProvider {
  readonly url: string
  stop(): Promise<void>
}

/** Starts the stand-in as a separate server, on 127.0.0.1 and a free port. */
export const startProvider = async (options: ProviderOptions = {}): Promise<RunningProvider> => {
  const { server, url } = await listen(0, providerListener(options))
  return { url, stop: () => closed(server) }
}
