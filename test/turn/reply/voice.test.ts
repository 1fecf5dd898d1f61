import { describe, expect, it } from 'vitest'
import type { TurnEvent } from '../../../src/turn/turn.ts'
import { createVoice } from '../../../src/turn/reply/voice.ts'
import { user } from '../../support/history.ts'
import { createTalk } from '../../support/talk.ts'

function start() {
  const turn = createTalk().ask([user('Hi')], '', { status: 'running' })
  const events: TurnEvent[] = []
  const publish = (event: TurnEvent) => void events.push(event)
  const voice = createVoice(turn, { publish, showTool: () => undefined }, () => undefined)
  return { voice, turn, events }
}

describe('what was said', () => {
  it('is journalled, with a space between sentences and none where there is one', () => {
    const { voice, turn } = start()
    voice.startSentence()
    for (const text of ['Let me look.', 'Here it is. ', 'Anything else?']) {
      void voice.say('answer', text)
      voice.startSentence()
    }
    expect(turn.pieces).toEqual([
      { type: 'answer', text: 'Let me look. Here it is. Anything else?' },
    ])
  })

  it.each([
    ['Let me check', 'Let me check... One moment... '],
    ['Let me check, ', 'Let me check, ... One moment... '],
    ['It is ten.', 'It is ten. One moment... '],
    ['Looking... ', 'Looking... One moment... '],
    ['', 'One moment... '],
  ])('pauses before a filler where %j was half a sentence', (said, expected) => {
    const { voice, events } = start()
    void voice.say('answer', said)
    // A model that is asked again begins one of its own.
    voice.startSentence()
    voice.startSentence()
    void voice.say('filler', 'One moment... ')
    const texts = events.map((event) => (event.type === 'text-delta' ? event.text : ''))
    expect(texts.join('')).toBe(expected)
  })

  it('does not begin with white space alone', () => {
    const { voice, turn, events } = start()
    void voice.say('answer', ' \n')
    expect(events).toEqual([])
    expect(turn.pieces).toEqual([])
    expect(voice.hasAnswered()).toBe(false)
  })

  it('ends where nobody could listen any longer, but for the words that say so', () => {
    const { voice, turn } = start()
    for (let count = 0; count < 4; count++) void voice.say('answer', 'x'.repeat(100_000))
    expect(() => voice.say('answer', 'y')).toThrow('does not stop')
    void voice.say('filler', 'Sorry.')
    expect(turn.pieces.map(({ text }) => text.length)).toEqual([400_000, 6])
  })

  it('is nothing once the turn has ended', () => {
    const { voice, turn, events } = start()
    turn.status = 'aborted'
    void voice.say('answer', 'Too late.')
    void voice.call({ id: 'c', name: 'end_call', arguments: '{}' })
    expect([...events, ...turn.pieces, ...turn.platformCalls]).toEqual([])
  })
})
