/** How an invocation ended. */
export type Invoked =
  | { readonly kind: 'returned'; readonly result: unknown }
  | { readonly kind: 'threw' }
  | { readonly kind: 'died' }
  | { readonly kind: 'timed-out' }
