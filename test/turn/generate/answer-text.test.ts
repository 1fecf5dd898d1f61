import { describe, expect, it } from 'vitest'
import type { Piece } from '../../../src/conversation/journal.ts'
import { answerText } from '../../../src/turn/generate/answer-text.ts'
import { assistant, user } from '../../support/history.ts'
import { createTalk } from '../../support/talk.ts'

/** What goes upstream of the heard text of a turn with these pieces; fillers stand in brackets. */
function answerOf(said: readonly string[], heard: string): string {
  const turn = createTalk().ask([user('Is ten free?')], '')
  turn.pieces.push(
    ...said.map((text): Piece =>
      text.startsWith('[') ? { type: 'filler', text: text.slice(1, -1) } : { type: 'answer', text },
    ),
  )
  return answerText(assistant(heard), turn)
}

const MIDDLE = ['Sure, let me see.', '[ One moment... ]', 'Ten is free.']

const HALF = ['Let me see', '[... One moment... ]', 'Ten is free.']

describe('what a model is told of a heard text', () => {
  it.each([
    [['[One moment... ]', 'Ten is free.'], 'One moment... Ten is free.', 'Ten is free.'],
    [MIDDLE, 'Sure, let me see. One moment... Ten is free.', 'Sure, let me see. Ten is free.'],
    [MIDDLE, 'Sure, let me see. One moment... Ten is', 'Sure, let me see. Ten is'],
    [MIDDLE, 'Sure, let me see. One mome', 'Sure, let me see.'],
    [MIDDLE, 'Sure, let me see. One mome...', 'Sure, let me see.'],
    [MIDDLE, 'Sure, let me see. One moment', 'Sure, let me see.'],
    [MIDDLE, 'Sure, let me', 'Sure, let me'],
    [['[A while... ]', 'Sure.', '[ B while... ]', 'Ten.'], 'A while... Sure. B whi', 'Sure.'],
    [['Sure.', '[ A while... B while... ]', 'Ten.'], 'Sure. A while... B wh', 'Sure.'],
    [['The one', '[ One moment... ]', 'and two.'], 'The one', 'The one'],
    [['Room', '[ One moment... ]', 'B.'], 'Room', 'Room'],
    [['Ten is free.'], 'Ten is', 'Ten is'],
    [MIDDLE, 'Sure, let me see. One moment\u2026 Ten is free.', 'Sure, let me see. Ten is free.'],
    [HALF, 'Let me see... One moment... Ten is free.', 'Let me see Ten is free.'],
    [HALF, 'Let me see... One mo', 'Let me see'],
    [['[One... more... ]', 'Ten.'], 'One...', ''],
    [HALF, 'Let me see\u2026 One mo', 'Let me see'],
  ])('of %j, heard as %j, is %j', (said, heard, expected) => {
    expect(answerOf(said, heard)).toBe(expected)
  })

  it('is the text itself where no turn of ours is known', () => {
    expect(answerText(assistant('One moment... Yes.'), undefined)).toBe('One moment... Yes.')
  })
})
