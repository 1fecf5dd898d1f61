import { beforeEach, describe, expect, it } from 'vitest'
import { endTurn, type JournalTurn } from '../../src/conversation/journal.ts'
import { matchBlockOf } from '../../src/conversation/match-block.ts'
import { assistant, user } from '../support/history.ts'
import { createTalk, type Talk } from '../support/talk.ts'

let talk: Talk

beforeEach(() => {
  talk = createTalk()
})

const HI = user('Hi there')
const LONG = 'Hello! What can I do for you on this fine day?'
const CUT = assistant('Hello! What can I do for')

function match(turn: JournalTurn, message = CUT, left = 1_000_000) {
  return matchBlockOf(turn, [message], { sameUserText: true, effort: { left } })
}

describe('what an earlier request showed of a turn', () => {
  it('is the same again, shown by the message of this request', () => {
    const turn = talk.ask([HI], LONG)
    const again = assistant(CUT.text)
    const { shown, ...first } = match(turn) ?? {}
    const { shown: shownAgain, ...second } = match(turn, again) ?? {}
    expect(second).toEqual(first)
    expect(shown).toEqual([{ turn, heard: 'partial', message: CUT }])
    expect(shownAgain?.[0]?.message).toBe(again)
  })

  it('is another thing once the turn said more, ended or was continued', () => {
    const turn = talk.ask([HI], 'Hello! What can I do for', { status: 'running' })
    const words = assistant('hello what can I do for')
    expect(match(turn, words)?.shown[0]?.heard).toBe('partial')
    endTurn(turn, { status: 'finished', now: 0 })
    expect(match(turn, words)?.shown[0]?.heard).toBe('full')
    talk.ask([HI, assistant(turn.pieces[0]?.text ?? '')], 'Are you there?')
    const both = assistant('hello what can I do for are you there')
    expect(match(turn, both)?.shown).toHaveLength(2)
  })

  it('is not kept of a text that is far longer than the reply: it would only fill the memory', () => {
    const turn = talk.ask([HI], LONG)
    const costOf = (text: string) => {
      const effort = { left: 1_000_000 }
      const options = { sameUserText: true, effort }
      expect(matchBlockOf(turn, [assistant(text)], options)).toBeNull()
      return 1_000_000 - effort.left
    }
    const short = 'Something else altogether. '.repeat(10)
    const long = short.repeat(100)
    expect([costOf(short) > 0, costOf(short)]).toEqual([true, 0])
    expect([costOf(long) > 0, costOf(long) > 0]).toEqual([true, true])
  })

  it('is not that it was too costly to compare then', () => {
    const turn = talk.ask([HI], LONG)
    expect(match(turn, CUT, 21)).toBeNull()
    expect(match(turn)?.shown[0]).toMatchObject({ turn, heard: 'partial' })
  })
})
