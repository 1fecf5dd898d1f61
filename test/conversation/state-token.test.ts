import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import {
  flowVersionOf,
  openState,
  sealingKeyFrom,
  sealState,
} from '../../src/conversation/state-token.ts'
import { createFillerMatcher, toView } from '../../src/conversation/view.ts'
import { assistant, system, user } from '../support/history.ts'

const context = { sealingKey: sealingKeyFrom('secret'), flowVersion: flowVersionOf({ a: 1 }) }
const position = { state: 'book', variables: { slot: 'ten', n: 2, list: [1] }, enteredAfter: 1 }
const see = (messages: readonly ConversationMessage[]) =>
  toView(messages, { fillers: createFillerMatcher([]), stateTool: 'turnstate_state' })

const HI = user('Hi, I need an appointment.')
const HELLO = assistant('Hello! Who is calling?')
const ADA = user('Ada Lovelace.')
const FOUND = assistant('Tuesday or Wednesday?')

/** The token that comes with the answer to the history. */
function seal(messages: readonly ConversationMessage[], identity = 'c1'): string {
  const view = see(messages)
  const blocks = [...view.answered.map((block) => block.user), ...(view.open ? [view.open] : [])]
  return sealState(context, position, { identity, userBlocks: blocks, results: 0 })
}

function open(
  token: unknown,
  messages: readonly ConversationMessage[],
  changed: { identity?: string; context?: typeof context } = {},
) {
  const { identity = 'c1' } = changed
  return openState(token, changed.context ?? context, { identity, view: see(messages) })
}

describe('a state token', () => {
  const token = seal([HI, HELLO, ADA])

  it('gives back the state once its answer was heard', () => {
    const heard = [HI, HELLO, ADA, FOUND, user('Tuesday')]
    expect(open(token, heard)).toEqual({ position, exchange: 2, results: 0 })
    expect(open(token, [...heard, assistant('Ok'), user('Bye')])).toEqual({
      position,
      exchange: 2,
      results: 0,
    })
  })

  it('does not depend on how the words are written, on a greeting or on system text', () => {
    const other = [
      system('Other prompt'),
      assistant('Welcome!'),
      user('hi i need an appointment'),
      HELLO,
      user('ADA LOVELACE'),
      assistant('Tue'),
    ]
    expect(open(token, other)?.exchange).toBe(2)
  })

  it.each([
    ['its answer was not heard', [HI, HELLO, ADA]],
    ['its answer was thrown away and the caller went on', [HI, HELLO, ADA, user('And quickly')]],
    ['the speech was revised', [HI, HELLO, user('Charles Babbage.'), FOUND, user('Yes')]],
    ['an earlier exchange was revised', [user('Hello'), HELLO, ADA, FOUND, user('Yes')]],
    ['the conversation went back', [HI, HELLO, user('Wait')]],
    ['the head of the history is gone', [ADA, FOUND, user('Yes')]],
    ['the history is empty', []],
  ])('does not count when %s', (_, messages) => expect(open(token, messages)).toBeNull())

  it('does not count in another conversation, flow or server', () => {
    const heard = [HI, HELLO, ADA, FOUND, user('Tuesday')]
    expect(open(token, heard, { identity: 'c2' })).toBeNull()
    expect(open(token, heard, { identity: 'nobody' })).toBeNull()
    const otherFlow = { ...context, flowVersion: flowVersionOf({ a: 2 }) }
    expect(open(token, heard, { context: otherFlow })).toBeNull()
    const otherSecret = { ...context, sealingKey: sealingKeyFrom('other') }
    expect(open(token, heard, { context: otherSecret })).toBeNull()
  })

  it('of a request without a key counts for such requests only', () => {
    const keyless = seal([HI], 'nobody')
    expect(open(keyless, [HI, HELLO, ADA], { identity: 'nobody' })?.position).toEqual(position)
    expect(open(keyless, [HI, HELLO, ADA])).toBeNull()
  })

  it('of an opening counts once a greeting stands in the history', () => {
    const opening = seal([])
    expect(open(opening, [assistant('Welcome!'), HI])).toEqual({
      position,
      exchange: 0,
      results: 0,
    })
    expect(open(opening, [HI])).toBeNull()
  })

  it('tells texts apart that hold no words', () => {
    const liked = seal([user('\u{1f44d}')])
    expect(open(liked, [user('\u{1f44d}'), HELLO, ADA])).not.toBeNull()
    expect(open(liked, [user('\u{1f44e}'), HELLO, ADA])).toBeNull()
  })

  it('hides what it holds', () => {
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('book')
    expect(token).toMatch(/^[\w-]+$/)
  })

  it('is the same for the same state and another for any other', () => {
    expect(seal([HI, HELLO, ADA])).toBe(token)
    expect(seal([HI]).slice(0, 16)).not.toBe(token.slice(0, 16))
  })
})

describe('what is no token', () => {
  const heard = [HI, HELLO, ADA, FOUND, user('Tuesday')]

  it.each([[undefined], [null], [''], [5], [{}], ['x'.repeat(70_000)], ['A'.repeat(60)], ['%%%']])(
    'counts for nothing: %.20j',
    (token) => expect(open(token, heard)).toBeNull(),
  )

  it('is a token with any one bit changed, or cut anywhere', () => {
    const sealed = Buffer.from(seal([HI, HELLO, ADA]), 'base64url')
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
        const forged = Buffer.from(sealed)
        forged[at] = (forged[at] ?? 0) ^ (1 << bit)
        expect(open(forged.toString('base64url'), heard)).toBeNull()
        expect(open(sealed.subarray(0, at).toString('base64url'), heard)).toBeNull()
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (token) => {
        expect(open(token, heard)).toBeNull()
      }),
    )
  })
})

describe('any state', () => {
  it('comes back as it was sealed', () => {
    const variables = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(fc.string(), variables, fc.nat(), (state, values, enteredAfter) => {
        const plain: unknown = JSON.parse(
          JSON.stringify({ state, variables: values, enteredAfter }),
        )
        const sealed = sealState(
          context,
          { state, variables: values, enteredAfter },
          {
            identity: 'c1',
            userBlocks: see([HI]).open ? [{ messages: [HI], text: HI.text }] : [],
            results: 0,
          },
        )
        expect(open(sealed, [HI, HELLO])?.position).toEqual(plain)
      }),
    )
  })
})
