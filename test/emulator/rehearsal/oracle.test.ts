import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../../src/emulator/rehearsal/attempt.ts'
import { END_CALL_WITH_MESSAGE } from '../../../src/emulator/rehearsal/platform-tools.ts'
import {
  judgeCalls,
  judgeSuperseded,
  judgeTurn,
  judgeWords,
} from '../../../src/emulator/rehearsal/oracle.ts'

const GOOD: Attempt = {
  status: 200,
  headers: {},
  firstOutputMs: 300,
  text: 'Alright then.',
  calls: [],
  isDone: true,
  oddities: [],
  ending: 'whole',
  postedAt: 1000,
  endedAt: 2000,
}
const SLOW: Attempt = { ...GOOD, firstOutputMs: null, text: '', isDone: false, ending: 'left' }
const call = (name: string, args = '{}') => ({ id: 'c1', name, arguments: args })

function faults(tries: readonly Attempt[], { allowedTries = 1, strict = false } = {}): string {
  return judgeTurn(tries, { cascadeTimeoutMs: 4000, strict, allowedTries })
    .map(({ what }) => what)
    .join('; ')
}

describe('a live turn', () => {
  it.each<[string, Attempt]>([
    ['text', GOOD],
    ['a tool call without words', { ...GOOD, text: '', calls: [call('end_call')] }],
    ['whitespace, unless it is strict', { ...GOOD, text: ' ' }],
  ])('is content with %s', (_, attempt) => expect(faults([attempt])).toBe(''))

  it.each<[string, Partial<Attempt>, string]>([
    ['no connection', { status: null, firstOutputMs: null, ending: 'refused' }, 'no connection'],
    ['no answer', { status: null, firstOutputMs: null, ending: 'left' }, 'no answer in time'],
    ['a status', { status: 500, firstOutputMs: null }, 'status 500'],
    ['a late first text', { firstOutputMs: 4001 }, 'no text within 4 s'],
    ['no text in time', SLOW, 'no text within 4 s'],
    ['nothing but an end', { firstOutputMs: null, text: '' }, 'neither text nor tool call'],
    [
      'garbage',
      { firstOutputMs: null, text: '', oddities: ['an event that is not JSON'] },
      'an event that is not JSON',
    ],
    ['a missing [DONE]', { isDone: false }, 'without [DONE]'],
    ['a break', { isDone: false, ending: 'cut' }, 'broke in the middle'],
    ['a stream without an end', { isDone: false, ending: 'limit' }, 'did not end'],
    ['an error inside the stream', { oddities: ['an error'] }, 'the stream held an error'],
    ['more than 20 s', { endedAt: 21_500 }, 'took 20.5 s in all'],
    ['the reply twice', { text: 'I am here for you. I am here for you.' }, 'came twice'],
  ])('fails for %s', (_, change, what) => {
    expect(faults([{ ...GOOD, ...change }])).toContain(what)
  })

  it('does not take whitespace for words when it is strict', () => {
    expect(faults([{ ...GOOD, text: ' \n' }], { strict: true })).toContain(
      'neither text nor tool call',
    )
  })

  it('ends after three failed tries', () => {
    expect(faults([SLOW, SLOW, SLOW], { allowedTries: 3 })).toBe(
      'all 3 tries failed: no text within 4 s',
    )
  })

  it('may be answered at a later try only where the model is that slow', () => {
    expect(faults([SLOW, SLOW, GOOD], { allowedTries: 3 })).toBe('')
    expect(faults([SLOW, GOOD])).toContain('only try 2 was answered')
  })
})

describe('a request that was overtaken', () => {
  it('may be silent, and may have been closed', () => {
    expect(judgeSuperseded({ ...GOOD, text: ' ' })).toEqual([])
    expect(judgeSuperseded(SLOW)).toEqual([])
  })

  it.each<[string, Partial<Attempt>]>([
    ['without an end', { isDone: false, ending: 'limit' }],
    ['broken', { isDone: false, ending: 'cut' }],
    ['with a status', { status: 409 }],
  ])('must not be left %s', (_, change) => {
    expect(judgeSuperseded({ ...GOOD, ...change })).toHaveLength(1)
  })
})

describe('the words', () => {
  it.each([
    ['You said: kobalu.', 0],
    ['You said something.', 1],
    ['You said: kobalu. You said: Kobalu.', 1],
    ['You said: kobalu and not mitene.', 1],
  ])('of %j are judged', (text, count) => {
    expect(judgeWords(text, { says: 'kobalu', notSays: ['mitene'] })).toHaveLength(count)
  })
})

describe('the calls', () => {
  const judge = (...calls: readonly ReturnType<typeof call>[]) =>
    judgeCalls(calls, [END_CALL_WITH_MESSAGE]).map(({ what }) => what)

  it('are good with every required argument', () => {
    expect(judge(call('end_call', '{"reason":"done"}'))).toEqual([])
  })

  it.each(['{}', '{"reason":null}', '[]', 'not JSON'])('lack an argument in %s', (text) => {
    expect(judge(call('end_call', text))).toHaveLength(1)
  })

  it('must be offered, and come once', () => {
    expect(judge(call('launch_rocket'))).toEqual([
      'a tool was called that the request did not offer',
    ])
    const twice = call('end_call', '{"reason":"done"}')
    expect(judge(twice, twice)).toEqual(['end_call was called twice in one turn'])
  })
})
