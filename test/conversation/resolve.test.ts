import { beforeEach, describe, expect, it } from 'vitest'
import {
  addTurn,
  appendText,
  createJournal,
  endTurn,
  type Journal,
  type JournalTurn,
} from '../../src/conversation/journal.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { resolve, type Resolution } from '../../src/conversation/resolve.ts'
import { createFillerMatcher, toView } from '../../src/conversation/view.ts'
import { assistant, system, toolResult, user } from '../support/history.ts'

const FILLERS = ['One moment... ', 'Let me look... ']
let journal: Journal
let now: number

function look(messages: readonly ConversationMessage[]): Resolution {
  const view = toView([system('You are a desk.'), ...messages], {
    fillers: createFillerMatcher(FILLERS),
    stateTool: 'turnstate_state',
  })
  return resolve(journal, view, { now, hasJournal: true, stateTool: 'turnstate_state' })
}

interface Answer {
  readonly say?: string
  readonly filler?: string
  readonly call?: { id: string; name: string; arguments: string }
  readonly status?: 'running' | 'finished' | 'failed' | 'aborted'
  readonly delivered?: boolean
}

/** What a server does with a request: resolve it, then journal the answer. */
function ask(messages: readonly ConversationMessage[], answer: Answer): JournalTurn {
  const resolution = look(messages)
  for (const { turn } of resolution.path) turn.shown = true
  const turn = addTurn(
    journal,
    {
      parent: resolution.node,
      kind: resolution.kind,
      exchange: resolution.exchange,
      userText: resolution.open?.text ?? '',
      start: resolution.position ?? { state: 'start', variables: {}, enteredAfter: 0 },
      saysOnEntry: false,
      startedAt: now,
    },
    { maxTurns: 100, maxCharacters: 1_000_000 },
  )
  if (answer.filler !== undefined) appendText(turn, 'filler', answer.filler)
  if (answer.say !== undefined) appendText(turn, 'answer', answer.say)
  if (answer.call) turn.platformCalls.push(answer.call)
  const status = answer.status ?? 'finished'
  if (status !== 'running') endTurn(turn, { status, at: now })
  turn.delivered = answer.delivered ?? status === 'finished'
  return turn
}

beforeEach(() => {
  journal = createJournal()
  now = 1_000_000
})

const HI = user('Hi, I need an appointment.')
const HELLO = assistant('Hello! What is your name, please?')
const ADA = user('Ada Lovelace.')
const FOUND = assistant('Thank you Ada. I have Tuesday at ten or Wednesday at two.')

function twoExchanges(): { first: JournalTurn; second: JournalTurn } {
  const first = ask([HI], { say: HELLO.text })
  const second = ask([HI, HELLO, ADA], { say: FOUND.text })
  return { first, second }
}

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
    ask([HI], { say: HELLO.text })
    expect(look([HI, HELLO, ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'full',
      confidence: 'exact',
      discarded: [],
    })
  })

  it('stands under the turn that was heard', () => {
    const { second } = twoExchanges()
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
    ask([greeting, HI], { say: HELLO.text })
    expect(look([greeting, HI, HELLO, ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'full',
      confidence: 'exact',
    })
  })
})

describe('the rollback rules', () => {
  it('same count with other text is revised and rolls back the answered turn', () => {
    const { second } = twoExchanges()
    const revised = look([HI, HELLO, user('Ada Lovelace, with a v.')])
    expect(revised).toMatchObject({ kind: 'revised', exchange: 2, rollback: true })
    expect(revised.discarded).toEqual([second])
  })

  it('same count with the same text is a retry and rolls nothing back', () => {
    const { second } = twoExchanges()
    const retry = look([HI, HELLO, ADA])
    expect(retry).toMatchObject({ kind: 'retry', exchange: 2, rollback: false, discarded: [] })
    expect(retry.retryOf).toBe(second)
  })

  it('does not take case and punctuation for another text', () => {
    twoExchanges()
    expect(look([HI, HELLO, user('ada lovelace')]).kind).toBe('retry')
  })

  it('a count gone down is withdrawn and discards the later turns', () => {
    const { first, second } = twoExchanges()
    const third = ask([HI, HELLO, ADA, FOUND, user('Tuesday.')], { say: 'Tuesday it is.' })
    const back = look([HI, HELLO, user('Charles Babbage.')])
    expect(back).toMatchObject({ kind: 'withdrawn', exchange: 2, rollback: true })
    expect(back.node).toBe(first)
    expect(back.discarded).toEqual([second, third])
  })

  it('two user messages in a row mean that the answer between was not heard', () => {
    const { first, second } = twoExchanges()
    const merged = look([HI, HELLO, ADA, user('And I am in a hurry.')])
    expect(merged).toMatchObject({ kind: 'revised', exchange: 2, rollback: true, heard: 'full' })
    expect(merged.open?.text).toBe('Ada Lovelace. And I am in a hurry.')
    expect(merged.node).toBe(first)
    expect(merged.discarded).toEqual([second])
  })

  it('a longer text over a turn that said nothing yet is revised without a rollback', () => {
    ask([HI], { status: 'aborted' })
    expect(look([user('Hi, I need an appointment. For tomorrow.')])).toMatchObject({
      kind: 'revised',
      exchange: 1,
      rollback: false,
      discarded: [],
    })
  })

  it('a reply that is absent leaves the caller where they were', () => {
    twoExchanges()
    const third = ask([HI, HELLO, ADA, FOUND, user('Tuesday.')], { say: 'Tuesday it is.' })
    const absent = look([HI, HELLO, ADA, FOUND, user('Tuesday.'), user('Or Wednesday?')])
    expect(absent).toMatchObject({ kind: 'revised', exchange: 3, rollback: true })
    expect(absent.discarded).toEqual([third])
  })
})

describe('a reply that was cut', () => {
  it.each([
    ['at a word', 'Thank you Ada. I have Tuesday'],
    ['with trailing dots', 'Thank you Ada. I have...'],
    ['in the middle of a word', 'Thank you Ada. I have Tues'],
    ['with other punctuation', 'thank you, Ada - i have tuesday at'],
  ])('is heard in part %s', (_, text) => {
    const { second } = twoExchanges()
    const cut = look([HI, HELLO, ADA, assistant(text), user('Wait.')])
    expect(cut).toMatchObject({ kind: 'new', exchange: 3, heard: 'partial', confidence: 'partial' })
    expect(cut.node).toBe(second)
  })

  it('is heard in part when the turn was aborted, however much of it came through', () => {
    ask([HI], { say: 'Hello! What is', status: 'aborted' })
    expect(look([HI, assistant('Hello! What is'), ADA])).toMatchObject({
      kind: 'new',
      exchange: 2,
      heard: 'partial',
    })
  })

  it('matches with numbers that were spelled out', () => {
    const reply = 'Your reference is B-1001, and the visit is at 10:30 on the 3rd.'
    ask([HI], { say: reply })
    const spelled =
      'your reference is b one thousand one and the visit is at half past ten on the third'
    expect(look([HI, assistant(spelled), ADA])).toMatchObject({
      exchange: 2,
      heard: 'full',
      confidence: 'partial',
    })
  })

  it('matches when four of five words came back in order', () => {
    ask([HI], { say: 'We are open from Monday to Friday, eight until six.' })
    const retranscribed = assistant('We are often from Monday to Friday eight until six')
    expect(look([HI, retranscribed, ADA])).toMatchObject({ heard: 'full', confidence: 'partial' })
  })

  it('does not match other words', () => {
    ask([HI], { say: 'We are open from Monday to Friday, eight until six.' })
    const foreign = look([HI, assistant('Please hold, an agent will be with you.'), ADA])
    expect(foreign).toMatchObject({ kind: 'new', exchange: 2, heard: 'unknown', confidence: 'low' })
  })

  it('needs the same user text when fewer than three words were heard', () => {
    ask([HI], { say: 'Hello! What is your name?' })
    expect(look([HI, assistant('Hello'), ADA]).heard).toBe('partial')
    expect(look([user('Good day to you.'), assistant('Hello'), ADA]).heard).toBe('unknown')
  })
})

describe('candidates', () => {
  it('prefers the turn with the same user text', () => {
    ask([user('Book it')], { say: 'Booked, thank you very much.' })
    const longer = ask([user('Book it please')], { say: 'Booked, thank you very much.' })
    ask([user('Book it now')], { say: 'Booked, thank you very much.' })
    const resolved = look([
      user('Book it please'),
      assistant('Booked, thank you very much.'),
      user('Great'),
    ])
    expect(resolved.node).toBe(longer)
  })

  it('prefers the longest match, then the newest', () => {
    ask([HI], { say: 'Hello there. How are you today?' })
    const long = ask([HI], { say: 'Hello there. How can I help you?' })
    expect(look([HI, assistant('Hello there. How can I'), ADA]).node).toBe(long)
    const newest = ask([HI], { say: 'Hello there. How can we help?' })
    expect(look([HI, assistant('Hello there. How'), ADA]).node).toBe(newest)
  })

  it('tells equal short replies of several exchanges apart by their place', () => {
    const one = ask([user('one')], { say: 'Okay.' })
    const two = ask([user('one'), assistant('Okay.'), user('two')], { say: 'Okay.' })
    const history = [user('one'), assistant('Okay.'), user('two'), assistant('Okay.')]
    expect(look([...history.slice(0, 2), user('three')]).node).toBe(one)
    expect(look([...history, user('three')]).node).toBe(two)
  })

  it('leaves a foreign block in place and goes on after it', () => {
    const first = ask([HI], { say: HELLO.text })
    const blocks = [HI, HELLO, user('Hm'), assistant('Transferring you to the billing agent.')]
    const after = look([...blocks, ADA])
    expect(after).toMatchObject({ exchange: 3, confidence: 'low', heard: 'full' })
    expect(after.node).toBe(first)
    const third = ask([...blocks, ADA], { say: FOUND.text })
    expect(look([...blocks, ADA, FOUND, user('Yes')])).toMatchObject({ exchange: 4, node: third })
  })
})

describe('a history whose head was cut', () => {
  it('finds its place by the tail and rolls nothing back', () => {
    const { second } = twoExchanges()
    const tail = look([ADA, FOUND, user('Tuesday.')])
    expect(tail).toMatchObject({ kind: 'new', exchange: 3, rollback: false, heard: 'full' })
    expect(tail.node).toBe(second)
  })
})

describe('fillers', () => {
  it('are not taken for replies: the exchange goes on', () => {
    const turn = ask([HI], { filler: 'One moment... ', say: 'Hello Ada.' })
    const spokenOver = look([HI, assistant('One moment...'), user('Are you there?')])
    expect(spokenOver).toMatchObject({ kind: 'revised', exchange: 1, rollback: true })
    expect(spokenOver.open?.text).toBe('Hi, I need an appointment. Are you there?')
    expect(spokenOver.discarded).toEqual([turn])
  })

  it('collapse the equal user lines that stand around them', () => {
    ask([HI], { filler: 'One moment... ', say: 'Hello Ada.' })
    const again = look([HI, assistant('One moment...'), HI])
    expect(again).toMatchObject({ kind: 'retry', exchange: 1 })
    expect(again.open?.text).toBe(HI.text)
  })

  it('do not count when only a part of one was heard', () => {
    ask([HI], { filler: 'Booking that now for you... ', say: 'Done, you are booked.' })
    const cut = look([HI, assistant('Booking that'), user('Stop')])
    expect(cut).toMatchObject({ kind: 'revised', exchange: 1, heard: 'unknown' })
    expect(cut.open?.text).toBe('Hi, I need an appointment. Stop')
  })

  it('belong to the reply when words of the answer were heard after them', () => {
    const turn = ask([HI], { filler: 'Booking that now for you... ', say: 'Done, you are booked.' })
    const heard = look([HI, assistant('Booking that now for you... Done, you'), user('Good')])
    expect(heard).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial', node: turn })
  })
})

describe('silence', () => {
  it('is a history that ends in our words', () => {
    ask([HI], { say: HELLO.text })
    expect(look([HI, HELLO])).toMatchObject({ kind: 'silence', exchange: 1, heard: 'full' })
  })

  it('is dots after our words, in any number', () => {
    ask([HI], { say: HELLO.text })
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
    const first = ask([HI], { say: HELLO.text })
    const nudge = ask([HI, HELLO, user('...')], { say: 'Are you still there?' })
    expect(nudge.parent).toBe(first)
    const inTwo = look([HI, HELLO, user('...'), assistant('Are you still there?'), ADA])
    expect(inTwo).toMatchObject({ kind: 'new', exchange: 2, confidence: 'exact', node: nudge })
    const inOne = look([HI, assistant(`${HELLO.text} Are you still`), ADA])
    expect(inOne).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial', node: nudge })
  })

  it('does not make the next speech a revision when its answer was not heard', () => {
    const first = ask([HI], { say: HELLO.text })
    ask([HI, HELLO], { say: 'Are you still there?' })
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
    const opening = ask([], { say: 'Oak Street clinic, hello!' })
    const first = look([assistant('Oak Street clinic, hello!'), HI])
    expect(first).toMatchObject({ kind: 'new', exchange: 1, heard: 'full', node: null })
    expect(first.path.map((shown) => shown.turn)).toEqual([opening])
  })

  it('that nobody heard makes nothing revised', () => {
    const opening = ask([], { say: 'Oak Street clinic, hello!' })
    expect(look([HI])).toMatchObject({ kind: 'new', exchange: 1, rollback: false })
    expect(look([HI]).discarded).toEqual([opening])
  })
})

describe('platform calls', () => {
  const CALL = { id: 'call_9', name: 'show_map', arguments: '{"place":"Oslo"}' }

  it('make the result at the tail a follow-up in the same exchange', () => {
    const turn = ask([HI], { say: 'Here is a map.', call: CALL })
    const follow = look([HI, assistant('Here is a map.', [CALL]), toolResult('call_9', 'shown')])
    expect(follow).toMatchObject({ kind: 'follow_up', exchange: 1, heard: 'full', node: turn })
  })

  it('match their turn by name and arguments when the id was changed', () => {
    const turn = ask([HI], { call: CALL })
    const other = { ...CALL, id: 'x', arguments: '{ "place": "Oslo" }' }
    const follow = look([HI, assistant('', [other]), toolResult('x', 'shown')])
    expect(follow).toMatchObject({ kind: 'follow_up', exchange: 1, heard: 'full', node: turn })
  })

  it('that were delivered make the same history again a follow-up, not a retry', () => {
    const turn = ask([HI], { say: 'Here is a map.', call: CALL })
    expect(look([HI])).toMatchObject({ kind: 'follow_up', exchange: 1, node: turn })
  })

  it('that were not delivered leave the same history a retry', () => {
    ask([HI], { say: 'Here is a map.', call: CALL, status: 'aborted' })
    expect(look([HI]).kind).toBe('retry')
  })

  it('are passed through when the platform keeps only the text that followed', () => {
    const turn = ask([HI], { call: CALL })
    const follow = ask([HI], { say: 'Do you see the map?' })
    expect(follow.parent).toBe(turn)
    const after = look([HI, assistant('Do you see the map?'), ADA])
    expect(after).toMatchObject({ kind: 'new', exchange: 2, heard: 'full', node: follow })
  })

  it('skip_turn after a silence does not make the next silence a follow-up', () => {
    ask([HI], { say: HELLO.text })
    const skip = { id: 's1', name: 'skip_turn', arguments: '{}' }
    ask([HI, HELLO, user('...')], { call: skip })
    expect(look([HI, HELLO, user('...')]).kind).toBe('silence')
    const shown = [HI, HELLO, user('...'), assistant('', [skip]), toolResult('s1', '{}')]
    expect(look(shown).kind).toBe('silence')
  })
})

describe('requests that overlap', () => {
  it('a shorter text while the longer one runs is late', () => {
    ask([user('I want to book a')], { status: 'aborted' })
    ask([user('I want to book a table for two')], { status: 'running' })
    expect(look([user('I want to book')])).toMatchObject({ kind: 'late', exchange: 1 })
    expect(look([user('I want to book a')])).toMatchObject({ kind: 'late', exchange: 1 })
  })

  it('a shorter text is revised once the longer one is three seconds old', () => {
    ask([user('I want to book a table')], { status: 'running' })
    now += 3001
    expect(look([user('I want to book')]).kind).toBe('revised')
  })

  it('the same text as a running turn is a retry even while a longer one runs', () => {
    ask([user('I want')], { status: 'running' })
    ask([user('I want to book')], { status: 'running' })
    expect(look([user('I want')]).kind).toBe('retry')
  })
})

describe('the marker tool', () => {
  it('leaves no trace in the view', () => {
    const marker = { id: 'm1', name: 'turnstate_state', arguments: '{"state":"x"}' }
    ask([HI], { say: HELLO.text })
    const history = [HI, assistant(HELLO.text, [marker]), toolResult('m1', 'ok'), ADA]
    expect(look(history)).toMatchObject({ kind: 'new', exchange: 2, confidence: 'exact' })
  })
})
