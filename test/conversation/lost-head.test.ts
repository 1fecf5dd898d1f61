import { describe, expect, it } from 'vitest'
import { assistant, system, user } from '../support/history.ts'
import { createTalk } from '../support/talk.ts'

const WISH = user('I need an appointment please')
const DAY = assistant('Certainly, what day would you like to come in?')
const NINE = user('Tomorrow at nine would suit me')
const NAME = assistant('Nine is free, what is your name?')
const ADA = user('My name is Ada')

function twoExchanges() {
  const talk = createTalk()
  talk.ask([WISH], DAY.text)
  const second = talk.ask([WISH, DAY, NINE], NAME.text)
  return { talk, second }
}

describe('a history that was cut down to its last reply', () => {
  it('goes on from that reply, and nothing is discarded', () => {
    const { talk, second } = twoExchanges()
    for (const head of [[], [system('In short: tomorrow at nine.')]]) {
      const found = talk.look([...head, NAME, ADA])
      expect(found).toMatchObject({ kind: 'new', exchange: 3, rollback: false, discarded: [] })
      expect(found).toMatchObject({ node: second, heard: 'full', confidence: 'partial' })
    }
  })

  it('goes on also where the reply was cut, or follows words of the platform', () => {
    const { talk, second } = twoExchanges()
    const cut = talk.look([assistant('Nine is free, wh...'), ADA])
    expect(cut).toMatchObject({ node: second, exchange: 3, heard: 'partial', discarded: [] })
    const greeted = talk.look([assistant('The clinic, good morning!'), NAME, ADA])
    expect(greeted).toMatchObject({ node: second, exchange: 3, discarded: [] })
  })

  it('is a silence when nobody has spoken since', () => {
    const { talk } = twoExchanges()
    expect(talk.look([NAME])).toMatchObject({ kind: 'silence', exchange: 2, discarded: [] })
  })

  it('is none where the reply is of no turn, or of one that was never shown', () => {
    const { talk } = twoExchanges()
    const foreign = talk.look([assistant('The clinic, good morning!'), WISH])
    expect(foreign).toMatchObject({ kind: 'retry', exchange: 1 })
    const fresh = createTalk()
    fresh.ask([DAY, user('Hello')], DAY.text)
    expect(fresh.look([DAY, user('Hello there')])).toMatchObject({ kind: 'revised', exchange: 1 })
  })

  it('is none where it is the greeting, though a reply is worded like that', () => {
    const talk = createTalk()
    const GREETING = assistant('Hello! How can I help you today?')
    const HELLO = user('Hello?')
    const first = talk.ask([GREETING, HELLO], GREETING.text)
    talk.ask([GREETING, HELLO, GREETING, WISH], DAY.text)
    expect(talk.look([GREETING, HELLO])).toMatchObject({ kind: 'retry', exchange: 1, node: null })
    for (const heard of [GREETING, assistant('Hello! How can I...')]) {
      const again = talk.look([heard, user('Hello? Can you hear me?')])
      expect(again).toMatchObject({ kind: 'withdrawn', exchange: 1, rollback: true, node: null })
      expect(again.discarded).toContain(first)
    }
  })

  it('goes on from the reply also where the greeting was kept', () => {
    const talk = createTalk()
    const GREETING = assistant('The clinic, good morning, how can I help?')
    talk.ask([GREETING, WISH], DAY.text)
    const second = talk.ask([GREETING, WISH, DAY, NINE], NAME.text)
    for (const kept of [[], [GREETING]]) {
      const found = talk.look([...kept, NAME, ADA])
      expect(found).toMatchObject({ kind: 'new', exchange: 3, node: second, discarded: [] })
    }
  })
})
