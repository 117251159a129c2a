import { type HandlerClaim, handlerClaim } from '../../lib/core/record/handler-claim.ts'
import { aClaim } from '../support/claims.ts'
import { shareHiddenClass } from '../support/hidden-class.ts'

const noOpen = () => undefined

describe('handlerClaim', () => {
  test('a claim is frozen, and its signal is that of its controller', () => {
    const lost = new AbortController()
    const claim = handlerClaim(aClaim(), lost, noOpen)
    expect(Object.isFrozen(claim)).toBe(true)
    expect(claim.signal).toBe(lost.signal)
    expect(claim.signal.aborted).toBe(false)
    lost.abort()
    expect(claim.signal.aborted).toBe(true)
  })

  test('a copy has all of its members, and downstreamKey works without it', () => {
    const lost = new AbortController()
    const claim = handlerClaim(aClaim(), lost, noOpen)
    const copy: HandlerClaim = { ...claim }
    expect(Object.keys(copy).sort()).toEqual(['attempt', 'downstreamKey', 'recordKey', 'signal'])
    expect(copy.signal).toBe(lost.signal)
    const { downstreamKey } = claim
    expect(downstreamKey('charge')).toBe(copy.downstreamKey('charge'))
  })

  test('claims share a hidden class: otherwise a request whose signal was read would stay in memory', () => {
    const one = handlerClaim(aClaim(), new AbortController(), noOpen)
    const other = handlerClaim(aClaim(), new AbortController(), noOpen)
    expect(shareHiddenClass(one, other)).toBe(true)
    expect(shareHiddenClass(one, { ...one })).toBe(false)
  })
})
