import { beforeEach, describe, expect, it } from 'vitest'
import { assistant, toolResult, user } from '../support/history.ts'
import { ADA, FOUND, HELLO, HI, createTalk, twoExchanges, type Talk } from '../support/talk.ts'

let talk: Talk
const look: Talk['look'] = (messages) => talk.look(messages)
const ask: Talk['ask'] = (...request) => talk.ask(...request)

beforeEach(() => {
  talk = createTalk()
})

describe('a history that goes on', () => {
  it('starts a conversation as new, in exchange 1, with nothing heard', () => {
    expect(look([HI])).toMatchObject({
      kind: 'new',
      exchange: 1,
      heard: 'unknown',
      confidence: 'exact',
      rollback: false,
    })
  })

  it('counts a whole reply as heard in full', () => {
    ask([HI], HELLO.text)
    expect(look([HI, HELLO, ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'full',
      confidence: 'exact',
      discarded: [],
    })
  })

  it('stands under the turn that was heard', () => {
    const { second } = twoExchanges(talk)
    const third = look([HI, HELLO, ADA, FOUND, user('Tuesday.')])
    expect(third).toMatchObject({ kind: 'new', exchange: 3 })
    expect(third.node).toBe(second)
  })

  it('numbers the exchange by user blocks when nothing matches', () => {
    const cold = look([HI, HELLO, ADA, FOUND, user('Tuesday.')])
    expect(cold).toMatchObject({ kind: 'new', exchange: 3, heard: 'unknown', confidence: 'low' })
  })

  it('keeps the place when a platform greeting comes first', () => {
    const greeting = assistant('Clinic, good morning!')
    ask([greeting, HI], HELLO.text)
    expect(look([greeting, HI, HELLO, ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'full',
      confidence: 'exact',
    })
  })
})

describe('a reply that was cut', () => {
  it.each([
    ['at a word', 'Thank you Ada. I have Tuesday'],
    ['with trailing dots', 'Thank you Ada. I have...'],
    ['in the middle of a word', 'Thank you Ada. I have Tues'],
    ['with other punctuation', 'thank you, Ada - i have tuesday at'],
  ])('is heard in part %s', (_, text) => {
    const { second } = twoExchanges(talk)
    const cut = look([HI, HELLO, ADA, assistant(text), user('Wait.')])
    expect(cut).toMatchObject({ kind: 'new', exchange: 3, heard: 'partial', confidence: 'partial' })
    expect(cut.node).toBe(second)
  })

  it('is heard in part when the turn was aborted, however much of it came through', () => {
    ask([HI], 'Hello! What is', { status: 'aborted' })
    expect(look([HI, assistant('Hello! What is'), ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'partial',
    })
  })

  it('matches with numbers that were spelled out', () => {
    const reply = 'Your reference is B-1001, and the visit is at 10:30 on the 3rd.'
    ask([HI], reply)
    const spelled =
      'your reference is b one thousand one and the visit is at half past ten on the third'
    expect(look([HI, assistant(spelled), ADA])).toMatchObject({
      exchange: 2,
      heard: 'full',
      confidence: 'partial',
    })
  })

  it('matches when four of five words came back in order', () => {
    ask([HI], 'We are open from Monday to Friday, eight until six.')
    const retranscribed = assistant('We are often from Monday to Friday eight until six')
    expect(look([HI, retranscribed, ADA])).toMatchObject({ heard: 'full', confidence: 'partial' })
  })

  it('does not match other words', () => {
    ask([HI], 'We are open from Monday to Friday, eight until six.')
    const foreign = look([HI, assistant('Please hold, an agent will be with you.'), ADA])
    expect(foreign).toMatchObject({ kind: 'new', exchange: 2, heard: 'unknown', confidence: 'low' })
  })

  it('needs the same user text when fewer than three words were heard', () => {
    ask([HI], 'Hello! What is your name?')
    expect(look([HI, assistant('Hello'), ADA]).heard).toBe('partial')
    expect(look([user('Good day to you.'), assistant('Hello'), ADA]).heard).toBe('unknown')
  })
})

describe('candidates', () => {
  it('prefers the turn with the same user text', () => {
    ask([user('Book it')], 'Booked, thank you very much.')
    const longer = ask([user('Book it please')], 'Booked, thank you very much.')
    ask([user('Book it now')], 'Booked, thank you very much.')
    const resolved = look([
      user('Book it please'),
      assistant('Booked, thank you very much.'),
      user('Great'),
    ])
    expect(resolved.node).toBe(longer)
  })

  it('prefers the longest match, then the newest', () => {
    ask([HI], 'Hello there. How are you today?')
    const long = ask([HI], 'Hello there. How can I help you?')
    expect(look([HI, assistant('Hello there. How can I'), ADA]).node).toBe(long)
    const newest = ask([HI], 'Hello there. How can we help?')
    expect(look([HI, assistant('Hello there. How'), ADA]).node).toBe(newest)
  })

  it('tells equal short replies of several exchanges apart by their place', () => {
    const one = ask([user('one')], 'Okay.')
    const two = ask([user('one'), assistant('Okay.'), user('two')], 'Okay.')
    const history = [user('one'), assistant('Okay.'), user('two'), assistant('Okay.')]
    expect(look([...history.slice(0, 2), user('three')]).node).toBe(one)
    expect(look([...history, user('three')]).node).toBe(two)
  })

  it('leaves a foreign block in place and goes on after it', () => {
    const first = ask([HI], HELLO.text)
    const blocks = [HI, HELLO, user('Hm'), assistant('Transferring you to the billing agent.')]
    const after = look([...blocks, ADA])
    expect(after).toMatchObject({ exchange: 3, confidence: 'low', heard: 'full' })
    expect(after.node).toBe(first)
    const third = ask([...blocks, ADA], FOUND.text)
    expect(look([...blocks, ADA, FOUND, user('Yes')])).toMatchObject({ exchange: 4, node: third })
  })
})

describe('a history whose head was cut', () => {
  it('finds its place by the tail and rolls nothing back', () => {
    const { second } = twoExchanges(talk)
    const tail = look([ADA, FOUND, user('Tuesday.')])
    expect(tail).toMatchObject({ kind: 'new', exchange: 3, rollback: false, heard: 'full' })
    expect(tail.node).toBe(second)
  })
})

describe('fillers', () => {
  it('are not taken for replies: the exchange goes on', () => {
    const turn = ask([HI], 'Hello Ada.', { filler: 'One moment... ' })
    const spokenOver = look([HI, assistant('One moment...'), user('Are you there?')])
    expect(spokenOver).toMatchObject({ kind: 'revised', exchange: 1, rollback: true })
    expect(spokenOver.open?.text).toBe('Hi, I need an appointment. Are you there?')
    expect(spokenOver.discarded).toEqual([turn])
  })

  it('collapse the equal user lines that stand around them', () => {
    ask([HI], 'Hello Ada.', { filler: 'One moment... ' })
    const again = look([HI, assistant('One moment...'), HI])
    expect(again).toMatchObject({ kind: 'retry', exchange: 1 })
    expect(again.open?.text).toBe(HI.text)
  })

  it('do not count when only a part of one was heard', () => {
    ask([HI], 'Done, you are booked.', { filler: 'Booking that now for you... ' })
    const cut = look([HI, assistant('Booking that'), user('Stop')])
    expect(cut).toMatchObject({ kind: 'revised', exchange: 1, heard: 'unknown' })
    expect(cut.open?.text).toBe('Hi, I need an appointment. Stop')
  })

  it('belong to the reply when words of the answer were heard after them', () => {
    const turn = ask([HI], 'Done, you are booked.', { filler: 'Booking that now for you... ' })
    const heard = look([HI, assistant('Booking that now for you... Done, you'), user('Good')])
    expect(heard).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial', node: turn })
  })
})

describe('the marker tool', () => {
  it('leaves no trace in the view', () => {
    const marker = { id: 'm1', name: 'turnstate_state', arguments: '{"state":"x"}' }
    ask([HI], HELLO.text)
    const history = [HI, assistant(HELLO.text, [marker]), toolResult('m1', 'ok'), ADA]
    expect(look(history)).toMatchObject({ kind: 'new', exchange: 2, confidence: 'exact' })
  })
})
