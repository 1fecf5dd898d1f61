import { beforeEach, describe, expect, it } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { assistant, user } from '../support/history.ts'
import { createTalk, type Talk } from '../support/talk.ts'

let talk: Talk
beforeEach(() => {
  talk = createTalk()
})

const HI = user('Hi there')
const NEXT = user('I need a table')
const HELLO = 'Hello! What can I do for you on this fine day?'

const interrupted = (text: string, original: string | null = null): ConversationMessage => ({
  ...assistant(text),
  interrupted: { original },
})

describe('a reply that the platform says was spoken over', () => {
  it.each([HELLO, 'Hello! What can', 'of'])('is heard in part, whatever is shown: %s', (text) => {
    const turn = talk.ask([HI], HELLO)
    const found = talk.look([HI, interrupted(text, HELLO), NEXT])
    expect(found).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial', node: turn })
    expect(found.confidence).toBe('partial')
  })

  it('is not taken for whole because an earlier request showed the same text without a word of it', () => {
    talk.ask([HI], HELLO)
    expect(talk.look([HI, assistant(HELLO), NEXT]).heard).toBe('full')
    expect(talk.look([HI, interrupted(HELLO), NEXT]).heard).toBe('partial')
    expect(talk.look([HI, assistant(HELLO), NEXT]).heard).toBe('full')
  })

  it('is known by its original under other user words, however little was heard', () => {
    const turn = talk.ask([HI], HELLO)
    const reworded = [user('Hi, is anybody there?'), interrupted('Hello', HELLO), NEXT]
    expect(talk.look(reworded)).toMatchObject({ node: turn, heard: 'partial' })
    expect(talk.look([HI, interrupted('Hello'), NEXT])).toMatchObject({ node: turn })
  })

  it('is that of the attempt whose words the original holds', () => {
    const first = talk.ask([HI], 'I can look that up for Tuesday.')
    const second = talk.ask([HI], 'I can look that up for Friday.')
    const heard = (original: string) =>
      talk.look([HI, interrupted('I can look', original), NEXT]).node
    expect(heard('I can look that up for Tuesday.')).toBe(first)
    expect(heard('I can look that up for Friday.')).toBe(second)
  })

  it('was not heard where it was cut in its filler', () => {
    talk.ask([HI], HELLO, { filler: 'One moment... ' })
    const whole = `One moment... ${HELLO}`
    const found = talk.look([HI, interrupted('One mom', whole), NEXT])
    expect(found).toMatchObject({ kind: 'revised', exchange: 1, rollback: true })
    const more = talk.look([HI, interrupted('One moment... Hello! What', whole), NEXT])
    expect(more).toMatchObject({ kind: 'new', exchange: 2, heard: 'partial' })
  })

  it('goes by what was heard where the original is of no turn', () => {
    const turn = talk.ask([HI], HELLO)
    const found = talk.look([
      HI,
      interrupted('Hello! What can I', 'Something else altogether'),
      NEXT,
    ])
    expect(found).toMatchObject({ node: turn, heard: 'partial' })
  })

  it('can be followed by a continuation in the same block', () => {
    talk.ask([HI], HELLO)
    const nudge = talk.ask([HI, assistant(HELLO)], 'Are you there?')
    const found = talk.look([
      HI,
      interrupted('Hello! What', HELLO),
      assistant('Are you there?'),
      NEXT,
    ])
    expect(found).toMatchObject({ node: nudge, heard: 'full', exchange: 2 })
  })

  it('is one also where it carries the marker of its state', () => {
    talk.ask([HI], HELLO)
    const marker = { id: 'call_1', name: 'turnstate_state', arguments: '{}' }
    const marked = { ...interrupted(HELLO, HELLO), calls: [marker] }
    expect(talk.look([HI, marked, NEXT])).toMatchObject({ kind: 'new', heard: 'partial' })
  })
})
