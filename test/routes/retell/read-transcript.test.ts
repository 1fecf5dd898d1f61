import { describe, expect, it } from 'vitest'
import { hasAgentSpeech, readTranscript } from '../../../src/routes/retell/read-transcript.ts'
import type { RetellAction } from '../../../src/routes/retell/options.ts'
import type { TranscriptItem } from '../../support/retell-frames.ts'

const ACTIONS = new Map<string, RetellAction>([
  ['press', { type: 'press_digit' }],
  ['hang_up', { type: 'end_call' }],
])

const agent = (content: string): TranscriptItem => ({ role: 'agent', content })
const user = (content: string): TranscriptItem => ({ role: 'user', content })
const called = (name: string, id = 'c1'): TranscriptItem => ({
  role: 'tool_call_invocation',
  tool_call_id: id,
  name,
  arguments: '{}',
})
const result = (content: string, id = 'c1'): TranscriptItem => ({
  role: 'tool_call_result',
  tool_call_id: id,
  content,
})

function read(items: readonly TranscriptItem[], interruptions: readonly string[] = []) {
  return readTranscript(items, { actions: ACTIONS, interruptions })
}
const lines = (items: readonly TranscriptItem[], interruptions?: readonly string[]) =>
  read(items, interruptions).messages.map(({ role, text }) => `${role}: ${text}`)

describe('a transcript of Retell', () => {
  it('is a conversation, with what one side says in a row as one', () => {
    expect(
      lines([agent('Hello.'), agent('Who is it?'), user('Me'), user('(unintelligible audio)')]),
    ).toEqual(['assistant: Hello. Who is it?', 'user: Me (unintelligible audio)'])
  })

  it('leaves out what the tools of the server did', () => {
    expect(
      lines([user('Book it'), agent('One moment.'), called('book'), result('ok'), agent('Done.')]),
    ).toEqual(['user: Book it', 'assistant: One moment. Done.'])
  })

  it('keeps the actions of Retell with their results, in their place', () => {
    const items = [user('Press one'), agent('Yes.'), called('press'), result('{}'), agent('Done.')]
    expect(read(items).messages).toEqual([
      { role: 'user', text: 'Press one' },
      { role: 'assistant', text: 'Yes.' },
      {
        role: 'assistant',
        text: '',
        calls: [{ id: 'c1', name: 'press', arguments: '{}' }],
      },
      { role: 'tool', text: '{}', callId: 'c1' },
      { role: 'assistant', text: 'Done.' },
    ])
  })

  it('gives each call its own result where ids come again', () => {
    const items = [
      user('One'),
      called('press'),
      result('first'),
      user('Two'),
      called('press'),
      result('second'),
      user('Three'),
    ]
    expect(lines(items).filter((line) => line.startsWith('tool'))).toEqual([
      'tool: first',
      'tool: second',
    ])
  })

  it('takes an action without a result for done', () => {
    expect(lines([user('One'), called('press'), user('Two')])).toContain('tool: {"status":"ok"}')
  })

  it('says that a call which goes on was not ended', () => {
    const [, , , told] = lines([
      user('Bye'),
      agent('Bye'),
      called('hang_up'),
      result('{"status":"ok"}'),
      user('Wait'),
    ])
    expect(told).toContain('"status":"error"')
  })

  it('lets words wait for an answer of which nothing was spoken', () => {
    const items = [agent('Hello.'), user('Press one'), called('press'), result('{}')]
    expect(read(items)).toEqual({
      messages: [
        { role: 'assistant', text: 'Hello.' },
        { role: 'user', text: 'Press one' },
      ],
      endsInSpeech: true,
    })
  })

  it('keeps words out of turn apart from the answers around them', () => {
    const said = ['Your bike is ready.']
    expect(lines([user('Hi'), agent('Hello.'), agent('Your bike is'), agent('So?')], said)).toEqual(
      ['user: Hi', 'assistant: Hello.', 'assistant: Your bike is', 'assistant: So?'],
    )
  })

  it('ends in speech or not', () => {
    expect(read([user('Hi')]).endsInSpeech).toBe(true)
    expect(read([user('Hi'), { role: 'injected', content: 'x', time_sec: 1 }]).endsInSpeech).toBe(
      true,
    )
    expect(read([user('Hi'), agent('Hello')]).endsInSpeech).toBe(false)
    expect(read([agent('Hello'), { role: 'dtmf', digit: '*' }]).endsInSpeech).toBe(true)
    expect(read([]).endsInSpeech).toBe(false)
  })

  it('tells whether the agent has spoken', () => {
    expect(hasAgentSpeech([user('Hi'), called('press')])).toBe(false)
    expect(hasAgentSpeech([agent('  ')])).toBe(false)
    expect(hasAgentSpeech([user('Hi'), agent('Hello')])).toBe(true)
  })
})
