/**
 * Replaces the text under a name by what `change` makes of it, in one step: no other call, of this tab or another, comes
 * between. `null` is no text, before and after. Resolves to the text that is stored then, once it is stored.
 */
export type KeyStorage = (
  name: string,
  change: (before: string | null) => string | null,
) => string | null | Promise<string | null>
