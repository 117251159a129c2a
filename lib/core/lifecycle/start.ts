import type { Settings } from '../settings.ts'
import type { BeginResult } from './begin-result.ts'
import type { HeldClaim } from './held-claim.ts'

/** The handler runs next. */
export const start = (settings: Settings, held: HeldClaim): BeginResult => {
  settings.runtime.probe?.('before-handler')
  return { kind: 'run', held }
}
