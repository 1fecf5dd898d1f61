import { describe, expect, it } from 'vitest'
import type { JournalTurn } from '../../../src/conversation/journal.ts'
import { cutNotes } from '../../../src/turn/generate/system-prompt.ts'
import { assistant, user } from '../../support/history.ts'
import { createTalk } from '../../support/talk.ts'

const HI = user('Hi there')

function noteOn(text: string, turn: JournalTurn = createTalk().ask([HI], 'x')): string {
  return cutNotes([{ turn, heard: 'partial', message: assistant(text) }]).join()
}

describe('the note on a reply that was cut', () => {
  it.each([
    ['We have ten, eleven, twelve and one o', 'eleven, twelve and one o'],
    ['We have ten, eleven, twelve and one...', 'ten, eleven, twelve and one'],
    ['Two words…  ', 'Two words'],
    ['One', 'One'],
    [' We have', 'We have'],
  ])('of %j names its last five words: %j', (text, words) => {
    expect(noteOn(text)).toContain(`cut after "${words}"`)
  })

  it('stays short whatever was heard', () => {
    expect(noteOn('a'.repeat(100_000)).length).toBeLessThan(300)
  })

  it('is not made of a turn that broke off by itself, or of one that was heard whole', () => {
    const failed = createTalk().ask([HI], 'We have ten', { status: 'failed' })
    expect(noteOn('We have ten', failed)).toBe('')
    const whole = createTalk().ask([HI], 'We have ten')
    expect(cutNotes([{ turn: whole, heard: 'full', message: assistant('We have ten') }])).toEqual(
      [],
    )
  })
})
