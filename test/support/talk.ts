import {
  addTurn,
  appendText,
  createJournal,
  endTurn,
  type Journal,
  type JournalTurn,
} from '../../src/conversation/journal.ts'
import { positionAfter } from '../../src/conversation/position-after.ts'
import { greetingKeyOf } from '../../src/conversation/greeting-key.ts'
import type { ConversationMessage, MessageCall } from '../../src/conversation/message.ts'
import { resolve, type Resolution } from '../../src/conversation/resolve.ts'
import { createFillerMatcher, toView, type View } from '../../src/conversation/view.ts'
import { assistant, user } from './history.ts'

interface Answer {
  readonly filler?: string
  readonly calls?: readonly MessageCall[]
  readonly status?: 'running' | 'finished' | 'failed' | 'aborted'
  /** By default what ended well was delivered. */
  readonly delivered?: boolean
}

/** A conversation with a server that only resolves and journals: no flow, no model. */
export interface Talk {
  readonly journal: Journal
  /** Milliseconds; stands still unless it is set. */
  readonly clock: { now: number }
  readonly view: (messages: readonly ConversationMessage[]) => View
  readonly look: (messages: readonly ConversationMessage[]) => Resolution
  /** Resolves the request and journals an answer to it. */
  readonly ask: (
    messages: readonly ConversationMessage[],
    say: string,
    answer?: Answer,
  ) => JournalTurn
}

export function createTalk(maxTurns = 2000): Talk {
  const journal = createJournal()
  const clock = { now: 1_000_000 }
  const options = { fillers: createFillerMatcher(['One moment... ']), stateTool: 'turnstate_state' }
  const view = (messages: readonly ConversationMessage[]) => toView(messages, options)
  const look = (messages: readonly ConversationMessage[]) =>
    resolve(journal, view(messages), { ...clock, hasJournal: true, stateTool: options.stateTool })
  return {
    journal,
    clock,
    view,
    look,
    ask(messages, say, { filler, calls = [], status = 'finished', delivered } = {}) {
      const { path, node: parent, kind, exchange, open, followed, tailKey } = look(messages)
      for (const { turn } of path) turn.shown = true
      const start = followed
        ? positionAfter(followed.turn, followed.heard)
        : { state: 's', variables: {}, enteredAfter: 0 }
      const userText = open?.text ?? ''
      const turn = addTurn(
        journal,
        {
          parent,
          kind,
          exchange,
          userText,
          start,
          saysOnEntry: false,
          transitionsBefore: 0,
          refusesWrites: false,
          tailKey,
          greetingKey: parent ? '' : greetingKeyOf(view(messages).greeting),
          startedAt: clock.now,
          owner: 'this',
        },
        { maxTurns, maxCharacters: 1_000_000 },
      )
      if (filler) appendText(turn, 'filler', filler)
      if (say) appendText(turn, 'answer', say)
      turn.platformCalls.push(...calls)
      turn.sent.characters = (filler?.length ?? 0) + say.length
      turn.sent.calls = calls.length
      if (status !== 'running') endTurn(turn, { status, ...clock })
      turn.sent.isWhole = delivered ?? status === 'finished'
      return turn
    },
  }
}

export const HI = user('Hi, I need an appointment.')
export const HELLO = assistant('Hello! What is your name, please?')
export const ADA = user('Ada Lovelace.')
export const FOUND = assistant('Thank you Ada. I have Tuesday at ten or Wednesday at two.')

/** The first two exchanges of such a call. */
export function twoExchanges({ ask }: Talk): { first: JournalTurn; second: JournalTurn } {
  const first = ask([HI], HELLO.text)
  const second = ask([HI, HELLO, ADA], FOUND.text)
  return { first, second }
}
