import { createCipheriv } from 'node:crypto'
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
import { assistant, system, toolResult, user } from '../support/history.ts'

const context = { sealingKey: sealingKeyFrom('secret'), flowVersion: flowVersionOf({ a: 1 }) }
const position = { state: 'book', variables: { slot: 'ten', n: 2, list: [1] }, enteredAfter: 1 }
const see = (messages: readonly ConversationMessage[]) =>
  toView(messages, { fillers: createFillerMatcher([]), stateTool: 'turnstate_state' })

const HI = user('Hi, I need an appointment.')
const HELLO = assistant('Hello! Who is calling?')
const ADA = user('Ada Lovelace.')
const MAP = { id: 'c1', name: 'show_map', arguments: '{}' }
const FOUND = assistant('Tuesday or Wednesday?')

/** The token that comes with the answer to the history. */
function seal(messages: readonly ConversationMessage[], identity = 'c1', at = position): string {
  const sealed = sealState(context, at, { identity, view: see(messages) })
  if (sealed === null) throw new Error('too large for the test')
  return sealed
}

function open(
  token: unknown,
  messages: readonly ConversationMessage[],
  changed: { identity?: string; context?: typeof context } = {},
) {
  const { identity = 'c1' } = changed
  return openState(token, changed.context ?? context, { identity, view: see(messages) })
}

const counted = (exchange: number, results = 0, said = 0) => ({
  status: 'counts',
  sealed: { position, exchange, results, said },
})
const UNHEARD = { status: 'unheard' }
const rejected = (reason: string) => ({ status: 'rejected', reason })

describe('a state token', () => {
  const token = seal([HI, HELLO, ADA])

  it('gives back the state once its answer was heard', () => {
    const heard = [HI, HELLO, ADA, FOUND, user('Tuesday')]
    expect(open(token, heard)).toEqual(counted(2))
    expect(open(token, [...heard, assistant('Ok'), user('Bye')])).toEqual(counted(2))
  })

  it('counts after a part of its answer, be it a call alone', () => {
    expect(open(token, [HI, HELLO, ADA, assistant('Tues')])).toEqual(counted(2))
    expect(open(token, [HI, HELLO, ADA, assistant('', [MAP])])).toEqual(counted(2))
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
    expect(open(token, other)).toEqual(counted(2))
  })

  it.each([
    ['its answer was not heard', [HI, HELLO, ADA]],
    ['its answer was thrown away and the caller went on', [HI, HELLO, ADA, user('And quickly')]],
    ['the speech was revised', [HI, HELLO, user('Charles Babbage.'), FOUND, user('Yes')]],
    ['an earlier exchange was revised', [user('Hello'), HELLO, ADA, FOUND, user('Yes')]],
    ['the conversation went back', [HI, HELLO, user('Wait')]],
    ['the head of the history is gone', [ADA, FOUND, user('Yes')]],
    ['the history is empty', []],
    ['nothing but dots stands after its speech', [HI, HELLO, ADA, assistant('...'), user('Yes')]],
    ['only a result without a call does', [HI, HELLO, ADA, toolResult('c9', 'ok'), user('Yes')]],
  ])('does not count when %s', (_, messages) => expect(open(token, messages)).toEqual(UNHEARD))

  it('counts again when the conversation comes back to it after a rollback', () => {
    const earlier = seal([HI])
    expect(open(token, [HI, HELLO])).toEqual(UNHEARD)
    expect(open(earlier, [HI, HELLO])).toEqual(counted(1))
    expect(open(token, [HI, HELLO, ADA, FOUND])).toEqual(counted(2))
  })

  it('is rejected in another conversation, flow or server', () => {
    const heard = [HI, HELLO, ADA, FOUND, user('Tuesday')]
    const other = rejected('other_conversation')
    expect(open(token, heard, { identity: 'c2' })).toEqual(other)
    expect(open(token, heard, { identity: 'nobody' })).toEqual(other)
    expect(open(token, [], { identity: 'c2' })).toEqual(other)
    const otherFlow = { ...context, flowVersion: flowVersionOf({ a: 2 }) }
    expect(open(token, heard, { context: otherFlow })).toEqual(rejected('other_flow'))
    const otherSecret = { ...context, sealingKey: sealingKeyFrom('other') }
    expect(open(token, heard, { context: otherSecret })).toEqual(rejected('forged'))
  })

  it('of a request without a key counts for such requests only', () => {
    const keyless = seal([HI], 'nobody')
    expect(open(keyless, [HI, HELLO, ADA], { identity: 'nobody' })).toEqual(counted(1))
    expect(open(keyless, [HI, HELLO, ADA])).toEqual(rejected('other_conversation'))
  })

  it('of an opening counts once a greeting stands in the history', () => {
    const opening = seal([])
    expect(open(opening, [assistant('Welcome!'), HI])).toEqual(counted(0))
    expect(open(opening, [HI])).toEqual(UNHEARD)
    expect(open(opening, [HI, HELLO])).toEqual(UNHEARD)
  })

  it('of a silence or a follow-up counts once more was heard than before it', () => {
    const silence = seal([HI, HELLO])
    const said = HELLO.text.length
    expect(open(silence, [HI, HELLO, ADA])).toEqual(UNHEARD)
    expect(open(silence, [HI, HELLO, assistant('Are you there?'), ADA])).toEqual(
      counted(1, 0, said),
    )
    expect(open(silence, [HI, assistant(`${HELLO.text} Are you there?`)])).toEqual(
      counted(1, 0, said),
    )
    const called = [HI, assistant('Look here.', [MAP]), toolResult('c1', 'ok')]
    const followUp = seal(called)
    expect(open(followUp, [...called, ADA])).toEqual(UNHEARD)
    expect(open(followUp, [HI, assistant('Look here.'), ADA])).toEqual(UNHEARD)
    expect(open(followUp, [...called, assistant('Do you see it?'), ADA])).toEqual(counted(1, 1))
  })

  it('tells texts apart that hold no words', () => {
    const liked = seal([user('\u{1f44d}')])
    expect(open(liked, [user('\u{1f44d}'), HELLO, ADA])).toEqual(counted(1))
    expect(open(liked, [user('\u{1f44e}'), HELLO, ADA])).toEqual(UNHEARD)
  })

  it('does not take two blocks for one, or one for two', () => {
    const two = seal([user('a'), HELLO, user('b')])
    expect(open(two, [user('a b'), HELLO, user('c'), FOUND])).toEqual(UNHEARD)
    const one = seal([user('a b')])
    expect(open(one, [user('a'), HELLO, user('b'), FOUND])).toEqual(UNHEARD)
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

describe('the size of a token', () => {
  const withText = (length: number) => ({ ...position, variables: { text: 'x'.repeat(length) } })
  const sealed = (at: typeof position | ReturnType<typeof withText>) =>
    sealState(context, at, { identity: 'c1', view: see([HI]) })

  it('is at most 1,536 characters, with room for a thousand of variables', () => {
    expect(sealed(withText(1000))).not.toBeNull()
    fc.assert(
      fc.property(fc.nat(1500), (length) => {
        const token = sealed(withText(length))
        expect(token === null ? 1536 : token.length).toBeLessThanOrEqual(1536)
        if (token !== null) expect(open(token, [HI, HELLO])).toMatchObject({ status: 'counts' })
      }),
    )
    expect(sealed(withText(1200))).toBeNull()
  })

  it('is small for a small state', () => {
    expect(seal([HI, HELLO, ADA]).length).toBeLessThan(220)
  })

  it('is too large for what is nested without end', () => {
    let nested: unknown = 0
    for (let level = 0; level < 50_000; level++) nested = [nested]
    const at = { ...position, variables: { nested } }
    expect(sealState(context, at, { identity: 'c1', view: see([HI]) })).toBeNull()
  })
})

describe('what is no token', () => {
  const heard = [HI, HELLO, ADA, FOUND, user('Tuesday')]
  const FORGED = rejected('forged')

  it.each([[undefined], [null], [''], [5], [{}], ['x'.repeat(70_000)], ['A'.repeat(60)], ['%%%']])(
    'is forged: %.20j',
    (token) => expect(open(token, heard)).toEqual(FORGED),
  )

  it('is a token with any one bit changed, or cut anywhere', () => {
    const sealed = Buffer.from(seal([HI, HELLO, ADA]), 'base64url')
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
        const forged = Buffer.from(sealed)
        forged[at] = (forged[at] ?? 0) ^ (1 << bit)
        expect(open(forged.toString('base64url'), heard)).toEqual(FORGED)
        expect(open(sealed.subarray(0, at).toString('base64url'), heard)).toEqual(FORGED)
      }),
    )
  })

  it('is what was sealed with our key but is no state', () => {
    const key = context.sealingKey
    for (const text of ['', '{}', '[]', '["a","b"]', 'no JSON']) {
      const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12))
      const body = Buffer.concat([cipher.update(text), cipher.final()])
      const sealed = Buffer.concat([Buffer.alloc(12), body, cipher.getAuthTag()])
      expect(open(sealed.toString('base64url'), heard)).toEqual(FORGED)
    }
  })

  it('is anything at all: it never throws', () => {
    const base64 = fc.uint8Array({ maxLength: 1200 }).map((bytes) => toBase64(bytes))
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), base64), (token) => {
        expect(open(token, heard)).toEqual(FORGED)
      }),
    )
  })
})

const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

describe('any state', () => {
  it('comes back as it was sealed, or does not fit', () => {
    const variables = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(fc.string(), variables, fc.nat(), (state, values, enteredAfter) => {
        const plain: unknown = JSON.parse(
          JSON.stringify({ state, variables: values, enteredAfter }),
        )
        const at = { state, variables: values, enteredAfter }
        const sealed = sealState(context, at, { identity: 'c1', view: see([HI]) })
        if (sealed === null) expect(JSON.stringify(at).length).toBeGreaterThan(500)
        else expect(open(sealed, [HI, HELLO])).toMatchObject({ sealed: { position: plain } })
      }),
    )
  })
})
