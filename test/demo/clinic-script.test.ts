import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { planAnswer } from '../../src/upstream/script-answer.ts'
import { Script } from '../../src/upstream/script.ts'
import type { UpstreamMessage } from '../../src/upstream/upstream.ts'

const file = new URL('../../demo/clinic-script.yaml', import.meta.url)
const script = Script.parse(parse(readFileSync(file, 'utf8')))

const SLOTS = '{"items":[{"at":"Tuesday 10:30"},{"at":"Wednesday 14:00"},{"at":"Thursday 09:15"}]}'

interface Scene {
  readonly state: string
  readonly user?: string
  /** The tool whose result is the last message, and that result. */
  readonly after?: readonly [tool: string, result: string]
  readonly tail?: 'assistant'
}

/** The words of the answer, then the calls with what they are given. */
function answer({ state, user, after, tail }: Scene): readonly unknown[] {
  const messages: UpstreamMessage[] = [{ role: 'system', content: 'You are the phone desk.' }]
  if (user !== undefined) messages.push({ role: 'user', content: user })
  if (tail) messages.push({ role: 'assistant', content: 'Hello?' })
  if (after) {
    const calls = [{ id: 'call_1', name: after[0], arguments: '{}' }]
    messages.push({ role: 'assistant', content: null, calls })
    messages.push({ role: 'tool', callId: 'call_1', content: after[1] })
  }
  const request = { messages, tools: [], parameters: {}, wantsUsage: false, state }
  const { text, calls } = planAnswer(script, request)
  const called = calls.map((call) => `${call.name} ${call.arguments}`)
  return text === '' ? called : [text.trim(), ...called]
}

describe('the script of the demo, in the walk-through', () => {
  it('looks the caller up, then the times, and offers two', () => {
    const user = 'Hi, this is Ada Lovelace. I need an appointment.'
    expect(answer({ state: 'identify', user })).toEqual(['find_patient {"name":"Ada Lovelace"}'])
    const found = ['find_patient', '{"items":[{"id":"P-1"}]}'] as const
    expect(answer({ state: 'choose', user, after: found })).toEqual(['free_slots {}'])
    expect(answer({ state: 'choose', user, after: ['free_slots', SLOTS] })).toEqual([
      'Hello Ada. I have Tuesday 10:30 or Wednesday 14:00. Which suits you?',
    ])
  })

  it('answers a question about the opening hours', () => {
    const user = 'What are your opening hours?'
    expect(answer({ state: 'choose', user })).toEqual(['opening_hours {}'])
    const hours = ['opening_hours', 'Monday to Friday from 8 to 18'] as const
    expect(answer({ state: 'choose', user, after: hours })).toEqual([
      'We are open Monday to Friday from 8 to 18. Which of the times suits you?',
    ])
  })

  it('settles on a time and asks before it books', () => {
    const user = 'Tuesday please.'
    expect(answer({ state: 'choose', user })).toEqual([
      'transition_to_book {"slot":"Tuesday 10:30"}',
    ])
    expect(answer({ state: 'book', user, after: ['transition_to_book', '{}'] })).toEqual([
      'Shall I book Tuesday 10:30 for you?',
    ])
    expect(answer({ state: 'book', user: 'Yes please.' })).toEqual([
      'I am booking that now.',
      'create_booking {}',
    ])
  })

  it('goes back to the choice when the caller wonders after all', () => {
    const user = 'Yes please. Wait, is Wednesday still free?'
    expect(answer({ state: 'book', user })).toEqual(['transition_to_choose {}'])
    expect(answer({ state: 'choose', user, after: ['transition_to_choose', '{}'] })).toEqual([
      'free_slots {}',
    ])
    expect(answer({ state: 'choose', user, after: ['free_slots', SLOTS] })).toEqual([
      'Yes, Wednesday 14:00 is still free. Which day would you like?',
    ])
  })
})

describe('the script of the demo, off the path', () => {
  it.each([
    ['My name is Grace Hopper', 'Grace Hopper'],
    ['lovelace', 'lovelace'],
    ["I'm Åse Bø, hello", 'Åse Bø'],
  ])('takes the name out of "%s"', (user, name) => {
    expect(answer({ state: 'identify', user })).toEqual([`find_patient {"name":"${name}"}`])
  })

  it.each(['Hello?', "I'm calling about an appointment", 'I am not well'])(
    'asks for a name after "%s"',
    (user) => {
      expect(answer({ state: 'identify', user })).toEqual([
        'I can help you with an appointment. May I have your first and last name?',
      ])
    },
  )

  it('says so when nobody of that name is found', () => {
    const after = ['find_patient', '{"items":[]}'] as const
    expect(answer({ state: 'identify', user: 'I am Bob', after })).toEqual([
      'I cannot find that name. Could you give me your first and last name again?',
    ])
  })

  it('offers another time when the booking fails', () => {
    const user = 'Yes please.'
    const failed = ['create_booking', '{"error":"the service answered 409"}'] as const
    expect(answer({ state: 'choose', user, after: failed })).toEqual([
      'I am sorry, that time has just been taken.',
      'free_slots {}',
    ])
    const left = ['free_slots', '{"items":[{"at":"Thursday 09:15"}]}'] as const
    expect(answer({ state: 'choose', user, after: left })).toEqual([
      'I only have Thursday 09:15 left. If that suits you, just say the day.',
    ])
  })

  it('takes another day that the caller names instead', () => {
    const user = 'No, Thursday'
    expect(answer({ state: 'book', user })).toEqual(['transition_to_choose {}'])
    expect(answer({ state: 'choose', user, after: ['transition_to_choose', '{}'] })).toEqual([
      'transition_to_book {"slot":"Thursday 09:15"}',
    ])
  })

  it.each(['identify', 'choose', 'book', 'done'])('puts a caller through from %s', (state) => {
    expect(answer({ state, user: 'Can I speak to a human, please?' })).toEqual([
      'transition_to_human {}',
    ])
  })

  it.each(['identify', 'choose', 'book', 'done', 'human'])(
    'has words or a call for anything in %s, for silence and for any tool',
    (state) => {
      for (const scene of [
        { user: 'Purple elephants' },
        { user: '' },
        { tail: 'assistant' } as const,
        {},
        { user: 'x', after: ['some_tool', 'not json'] as const },
      ]) {
        const given = answer({ state, ...scene })
        expect(given).not.toEqual([])
        expect(given).not.toContain('I have no line for that.')
      }
    },
  )
})
