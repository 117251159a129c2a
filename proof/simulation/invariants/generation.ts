import { firstOf, type Invariant, isClaimWrite } from './story.ts'

/** All runs of one generation have the same downstream keys and fingerprint. The next generation has other keys. */
export const sameEffectKeys: Invariant = (story) => {
  const keys = new Map<string, { key: string; fingerprint: string }>()
  const owners = new Map<string, string>()
  return firstOf(story.runs, ({ claim, downstreamKey }) => {
    const incarnation = story.incarnationOf(claim.claimToken)
    if (incarnation === undefined) return undefined
    const generation = `${incarnation}/${claim.generation}`
    const known = keys.get(generation)
    if (known === undefined) keys.set(generation, { key: downstreamKey, fingerprint: claim.fingerprint })
    else if (known.key !== downstreamKey) return `${claim.claimToken} got other downstream keys than its generation`
    else if (known.fingerprint !== claim.fingerprint)
      return `${claim.claimToken} has another payload than its generation`
    const owner = `${incarnation}/${downstreamKey}`
    if ((owners.get(owner) ?? generation) !== generation)
      return `${claim.claimToken} got the downstream keys of a generation that was released`
    owners.set(owner, generation)
    return undefined
  })
}

/** Within an incarnation, each claim raises the attempt by one. Each write raises the revision. */
export const attemptsGrow: Invariant = (story) =>
  firstOf(story.writes, (write, index) => {
    const { before, after } = write
    if (before === undefined || after === undefined) return undefined
    if (after.revision <= before.revision) return `the revision of ${after.claimToken} did not grow`
    if (!isClaimWrite(write) || story.incarnations[index] !== story.incarnations[index - 1]) return undefined
    return after.attempt === before.attempt + 1
      ? undefined
      : `${after.claimToken} is attempt ${after.attempt} after ${before.attempt}`
  })

/** In one incarnation, all effects of one name have the same downstream key, so the downstream does the thing at most once. */
export const oneEffect: Invariant = (story) => {
  if (story.hasOperator) return undefined
  const done = new Map<string, string>()
  return firstOf(story.effects, ({ run: { claim }, key, downstreamKey }) => {
    const incarnation = story.incarnationOf(claim.claimToken)
    if (incarnation === undefined) return undefined
    const effect = `${incarnation}/${key}`
    const first = done.get(effect) ?? downstreamKey
    done.set(effect, first)
    return first === downstreamKey ? undefined : `${claim.claimToken} had the effect a second time, under another key`
  })
}

/**
 * Under a question or a window the downstream executes each effect once in an incarnation. Requests that a handler sends after its
 * lease do not count.
 */
export const oneExecution: Invariant = (story) => {
  const { rerunWithinSeconds, abandoned } = story.profile
  if (story.hasOperator || (abandoned === 'rerun' && rerunWithinSeconds === undefined)) return undefined
  const executed = new Set<string>()
  return firstOf(story.effects, ({ run, key, inLease }) => {
    const incarnation = story.incarnationOf(run.claim.claimToken)
    if (!inLease || incarnation === undefined) return undefined
    const effect = `${incarnation}/${key}`
    if (executed.has(effect)) return `${run.claim.claimToken} had the effect a second time`
    executed.add(effect)
    return undefined
  })
}
