import { beforeEach, describe, expect, it } from 'vitest'
import { assistant, toolResult, user } from '../support/history.ts'
import { ADA, FOUND, HELLO, HI, createTalk, twoExchanges, type Talk } from '../support/talk.ts'

let talk: Talk
const look: Talk['look'] = (messages) => talk.look(messages)
const ask: Talk['ask'] = (...request) => talk.ask(...request)

beforeEach(() => {
  talk = createTalk()
})

describe('the rollback rules', () => {
  it('same count with other text is revised and rolls back the answered turn', () => {
    const { second } = twoExchanges(talk)
    const revised = look([HI, HELLO, user('Ada Lovelace, with a v.')])
    expect(revised).toMatchObject({ kind: 'revised', exchange: 2, rollback: true })
    expect(revised.discarded).toEqual([second])
  })

  it('same count with the same text is a retry and rolls nothing back', () => {
    const { second } = twoExchanges(talk)
    const retry = look([HI, HELLO, ADA])
    expect(retry).toMatchObject({ kind: 'retry', exchange: 2, rollback: false, discarded: [] })
    expect(retry.retryOf).toBe(second)
  })

  it('does not take case and punctuation for another text', () => {
    twoExchanges(talk)
    expect(look([HI, HELLO, user('ada lovelace')]).kind).toBe('retry')
  })

  it('a count gone down is withdrawn and discards the later turns', () => {
    const { first, second } = twoExchanges(talk)
    const third = ask([HI, HELLO, ADA, FOUND, user('Tuesday.')], 'Tuesday it is.')
    const back = look([HI, HELLO, user('Charles Babbage.')])
    expect(back).toMatchObject({ kind: 'withdrawn', exchange: 2, rollback: true })
    expect(back.node).toBe(first)
    expect(back.discarded).toEqual([second, third])
  })

  it('two user messages in a row mean that the answer between was not heard', () => {
    const { first, second } = twoExchanges(talk)
    const merged = look([HI, HELLO, ADA, user('And I am in a hurry.')])
    expect(merged).toMatchObject({ kind: 'revised', exchange: 2, rollback: true, heard: 'full' })
    expect(merged.open?.text).toBe('Ada Lovelace. And I am in a hurry.')
    expect(merged.node).toBe(first)
    expect(merged.discarded).toEqual([second])
  })

  it('a longer text over a turn that said nothing yet is revised without a rollback', () => {
    ask([HI], '', { status: 'aborted' })
    expect(look([user('Hi, I need an appointment. For tomorrow.')])).toMatchObject({
      kind: 'revised',
      exchange: 1,
      rollback: false,
      discarded: [],
    })
  })

  it('a reply that is absent leaves the caller where they were', () => {
    twoExchanges(talk)
    const third = ask([HI, HELLO, ADA, FOUND, user('Tuesday.')], 'Tuesday it is.')
    const absent = look([HI, HELLO, ADA, FOUND, user('Tuesday.'), user('Or Wednesday?')])
    expect(absent).toMatchObject({ kind: 'revised', exchange: 3, rollback: true })
    expect(absent.discarded).toEqual([third])
  })
})

describe('silence', () => {
  it('is a history that ends in our words', () => {
    ask([HI], HELLO.text)
    expect(look([HI, HELLO])).toMatchObject({ kind: 'silence', exchange: 1, heard: 'full' })
  })

  it('is dots after our words, in any number', () => {
    ask([HI], HELLO.text)
    expect(look([HI, HELLO, user('...')])).toMatchObject({ kind: 'silence', exchange: 1 })
    expect(look([HI, HELLO, user(' … '), user('. .')])).toMatchObject({ kind: 'silence' })
  })

  it('after a greeting alone belongs to exchange 0', () => {
    expect(look([assistant('Clinic, good morning!')])).toMatchObject({
      kind: 'silence',
      exchange: 0,
    })
  })

  it('that was answered is part of its exchange, in one message or in two', () => {
    const first = ask([HI], HELLO.text)
    const nudge = ask([HI, HELLO, user('...')], 'Are you still there?')
    expect(nudge.parent).toBe(first)
    const inTwo = look([HI, HELLO, user('...'), assistant('Are you still there?'), ADA])
    expect(inTwo).toMatchObject({ kind: 'new', exchange: 2, confidence: 'exact', node: nudge })
    const inOne = look([HI, assistant(`${HELLO.text} Are you still`), ADA])
    expect(inOne).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial', node: nudge })
  })

  it('does not make the next speech a revision when its answer was not heard', () => {
    const first = ask([HI], HELLO.text)
    ask([HI, HELLO], 'Are you still there?')
    expect(look([HI, HELLO, ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      rollback: false,
      node: first,
    })
  })
})

describe('an opening', () => {
  it('is a request without any speech', () => {
    expect(look([])).toMatchObject({ kind: 'opening', exchange: 0, heard: 'unknown' })
    expect(look([user('...')])).toMatchObject({ kind: 'opening', exchange: 0 })
  })

  it('counts first when the greeting shows it, and exchange 1 still stands under the root', () => {
    const opening = ask([], 'Oak Street clinic, hello!')
    const first = look([assistant('Oak Street clinic, hello!'), HI])
    expect(first).toMatchObject({ kind: 'new', exchange: 1, heard: 'full', node: null })
    expect(first.path.map((shown) => shown.turn)).toEqual([opening])
  })

  it('that nobody heard makes nothing revised', () => {
    const opening = ask([], 'Oak Street clinic, hello!')
    expect(look([HI])).toMatchObject({ kind: 'new', exchange: 1, rollback: false })
    expect(look([HI]).discarded).toEqual([opening])
  })
})

describe('platform calls', () => {
  const CALL = { id: 'call_9', name: 'show_map', arguments: '{"place":"Oslo"}' }

  it('make the result at the tail a follow-up in the same exchange', () => {
    const turn = ask([HI], 'Here is a map.', { calls: [CALL] })
    const follow = look([HI, assistant('Here is a map.', [CALL]), toolResult('call_9', 'shown')])
    expect(follow).toMatchObject({ kind: 'follow_up', exchange: 1, heard: 'full', node: turn })
  })

  it('match their turn by name and arguments when the id was changed', () => {
    const turn = ask([HI], '', { calls: [CALL] })
    const other = { ...CALL, id: 'x', arguments: '{ "place": "Oslo" }' }
    const follow = look([HI, assistant('', [other]), toolResult('x', 'shown')])
    expect(follow).toMatchObject({ kind: 'follow_up', exchange: 1, heard: 'full', node: turn })
  })

  it('that were delivered make the same history again a follow-up, not a retry', () => {
    const turn = ask([HI], 'Here is a map.', { calls: [CALL] })
    expect(look([HI])).toMatchObject({ kind: 'follow_up', exchange: 1, node: turn })
  })

  it('that were delivered do not let a straggler end the longer speech that runs', () => {
    const calls = [{ id: 'c1', name: 'show_map', arguments: '{}' }]
    ask([user('Show me')], 'Here.', { calls })
    const longer = ask([user('Show me the way to you')], '', { status: 'running' })
    const straggler = look([user('Show me')])
    expect(straggler).toMatchObject({ kind: 'follow_up', answer: { type: 'generate' } })
    expect(straggler.superseded).toEqual([])
    expect(straggler.discarded).not.toContain(longer)
  })

  it('that were not delivered leave the same history a retry', () => {
    ask([HI], 'Here is a map.', { status: 'aborted', calls: [CALL] })
    expect(look([HI]).kind).toBe('retry')
  })

  it('are passed through when the platform keeps only the text that followed', () => {
    const turn = ask([HI], '', { calls: [CALL] })
    const follow = ask([HI], 'Do you see the map?')
    expect(follow.parent).toBe(turn)
    const after = look([HI, assistant('Do you see the map?'), ADA])
    expect(after).toMatchObject({ kind: 'new', exchange: 2, heard: 'full', node: follow })
  })

  it('skip_turn after a silence does not make the next silence a follow-up', () => {
    ask([HI], HELLO.text)
    const skip = { id: 's1', name: 'skip_turn', arguments: '{}' }
    ask([HI, HELLO, user('...')], '', { calls: [skip] })
    expect(look([HI, HELLO, user('...')]).kind).toBe('silence')
    const shown = [HI, HELLO, user('...'), assistant('', [skip]), toolResult('s1', '{}')]
    expect(look(shown).kind).toBe('silence')
  })
})

describe('requests that overlap', () => {
  it('a shorter text while the longer one runs is late', () => {
    ask([user('I want to book a')], '', { status: 'aborted' })
    ask([user('I want to book a table for two')], '', { status: 'running' })
    expect(look([user('I want to book')])).toMatchObject({ kind: 'late', exchange: 1 })
    expect(look([user('I want to book a')])).toMatchObject({ kind: 'late', exchange: 1 })
  })

  it('a shorter text is revised once the longer one is three seconds old', () => {
    ask([user('I want to book a table')], '', { status: 'running' })
    talk.clock.now += 3001
    expect(look([user('I want to book')]).kind).toBe('revised')
  })

  it('the same text as a running turn is a retry even while a longer one runs', () => {
    ask([user('I want')], '', { status: 'running' })
    ask([user('I want to book')], '', { status: 'running' })
    expect(look([user('I want')]).kind).toBe('retry')
  })
})
