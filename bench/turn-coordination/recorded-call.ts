import type { ConversationMessage } from '../../src/conversation/message.ts'
import { assistant, toolResult, user } from '../../test/support/history.ts'
import { createTalk, type Talk } from '../../test/support/talk.ts'
import { callerText, cutText, replyText, respelledText } from './call-texts.ts'

type Messages = readonly ConversationMessage[]

/** A call as it went: the journal, and each exchange as later requests show it. */
export interface RecordedCall {
  readonly talk: Talk
  readonly exchanges: readonly Messages[]
}

interface Answered {
  /** All before the exchange. */
  readonly before: Messages
  readonly exchange: number
  readonly turns: 2 | 3
}

/**
 * A call with so many turns per exchange: answers to half a sentence, retries, tool follow-ups and
 * silences. Every third reply was cut, every fifth respelled.
 */
export function recordCall(count: number, turns: 2 | 3): RecordedCall {
  const talk = createTalk()
  const exchanges: Messages[] = []
  const before: ConversationMessage[] = []
  for (let exchange = 1; exchange <= count; exchange++) {
    talk.clock.now += 10_000
    const shown = record(talk, { before, exchange, turns })
    exchanges.push(shown)
    before.push(...shown)
  }
  return { talk, exchanges }
}

function record(talk: Talk, answered: Answered): Messages {
  const { before, exchange, turns } = answered
  const text = callerText(1, exchange)
  const reply = replyText(1, exchange)
  const asked = [...before, user(text)]
  const half = user(text.slice(0, text.length >> 1))
  if (turns === 3) talk.ask([...before, half], reply.slice(0, 40), { status: 'aborted' })
  if (exchange % 7 === 0) {
    const call = { id: `call_${exchange}`, name: 'show_map', arguments: `{"place":"${exchange}"}` }
    talk.ask(asked, 'Let me show you.', { calls: [call] })
    const called = [assistant('Let me show you.', [call]), toolResult(call.id, '{"ok":true}')]
    talk.ask([...asked, ...called], reply)
    return [user(text), ...called, assistant(heardOf(reply, exchange))]
  }
  if (exchange % 10 === 9) {
    talk.ask(asked, reply)
    const gentle = `Are you still there, number ${exchange}?`
    talk.ask([...asked, assistant(reply)], gentle)
    return [user(text), assistant(reply), assistant(gentle)]
  }
  talk.ask(asked, reply.slice(0, 25), { status: exchange % 2 === 0 ? 'failed' : 'aborted' })
  talk.ask(asked, reply)
  return [user(text), assistant(heardOf(reply, exchange))]
}

function heardOf(reply: string, exchange: number): string {
  if (exchange % 3 === 0) return cutText(reply)
  return exchange % 5 === 0 ? respelledText(reply) : reply
}
