import type { Confidence, Kind } from '../../src/conversation/kinds.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { assistant, user } from '../../test/support/history.ts'
import { createTalk, type Talk } from '../../test/support/talk.ts'
import { callerText, otherText, replyText, retranscribedText } from './call-texts.ts'
import { recordCall, type RecordedCall } from './recorded-call.ts'

/** One request of a conversation that the journal knows, and what it must come to. */
export interface ResolveCase {
  readonly name: string
  readonly talk: Talk
  readonly messages: readonly ConversationMessage[]
  readonly kind: Kind
  readonly confidence: Confidence
  readonly showsNothing: boolean
  /** What the requests before it showed: the same history, or another one of the same call. */
  readonly shownBefore: readonly ConversationMessage[]
  /** Requests of this form follow one another; a history changes all at once only once in a while. */
  readonly isRepeated: boolean
}

const NEXT = user('And where can I park when I come by car?')

type Expected = Pick<ResolveCase, 'name' | 'messages' | 'kind'> & Partial<ResolveCase>

/** Histories of so many exchanges against a journal of three turns for each. */
export function resolveCases(count: number): readonly ResolveCase[] {
  const call = recordCall(count, 3)
  const { talk, exchanges } = call
  const all = exchanges.flat()
  const before = exchanges.slice(0, -1).flat()
  const last = callerText(1, count)
  const usual = ({ messages, ...more }: Expected): ResolveCase => ({
    talk,
    confidence: 'partial',
    showsNothing: false,
    shownBefore: messages,
    isRepeated: true,
    messages,
    ...more,
  })
  const twoBefore = exchanges.slice(0, -2).flat()
  return [
    usual({ name: 'next exchange', messages: [...all, NEXT], kind: 'new' }),
    usual({ name: 'retry', messages: [...before, user(last)], kind: 'retry' }),
    usual({ name: 'revised', messages: [...before, user(`${last} Or so.`)], kind: 'revised' }),
    usual({ name: 'withdrawn', messages: [...twoBefore, user('No, wait.')], kind: 'withdrawn' }),
    usual({ name: 'silence', messages: all, kind: 'silence' }),
    ...rareHistories(call).flatMap((rare) => [
      usual({ ...rare, name: `${rare.name}, first time`, shownBefore: all, isRepeated: false }),
      usual({ ...rare, name: `${rare.name}, again` }),
    ]),
    ...monotone(count),
  ]
}

/** What platforms can make of a history, up to the worst. */
function rareHistories({ exchanges }: RecordedCall): readonly Expected[] {
  const all = exchanges.flat()
  const retranscribed = all.map((message) =>
    message.role === 'assistant' && !message.calls
      ? { ...message, text: retranscribedText(message.text) }
      : message,
  )
  const lastHalf = exchanges.slice(exchanges.length >> 1).flat()
  const edited = [user('Who is it?'), assistant(otherText(0))]
  return [
    { name: 'every reply re-transcribed', messages: [...retranscribed, NEXT], kind: 'new' },
    { name: 'head cut', messages: [...lastHalf, NEXT], kind: 'new' },
    {
      name: 'head cut, the rest re-transcribed',
      messages: [...retranscribed.slice(-lastHalf.length), NEXT],
      kind: 'new',
    },
    {
      name: 'first exchange edited',
      messages: [...edited, ...exchanges.slice(1).flat(), NEXT],
      kind: 'new',
      confidence: 'low',
    },
    {
      name: 'nothing matches',
      messages: [...otherCall(exchanges.length), NEXT],
      kind: 'new',
      confidence: 'low',
      showsNothing: true,
    },
    {
      name: 'nothing matches, of the same words',
      messages: [...shuffledCall(exchanges.length), NEXT],
      kind: 'new',
      confidence: 'low',
      showsNothing: true,
    },
  ]
}

/** Another call, about other things. */
export function otherCall(count: number): readonly ConversationMessage[] {
  return Array.from({ length: count }, (_, index) => [
    user(`What is on at the theatre, part ${index}?`),
    assistant(otherText(index)),
  ]).flat()
}

/** The words of the same call in another order: nothing cheap tells that they do not match. */
function shuffledCall(count: number): readonly ConversationMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const words = replyText(1, index + 1).match(/[A-Za-z]+/g) ?? []
    return [user(`Once more, part ${index}?`), assistant(words.toReversed().join(' '))]
  }).flat()
}

/** The same few words in every exchange, and no telling where the history begins. */
function monotone(count: number): readonly ResolveCase[] {
  const talk = createTalk()
  const before: ConversationMessage[] = []
  for (let exchange = 1; exchange <= count; exchange++) {
    const asked = [...before, user('Yes.')]
    talk.ask(asked, 'Okay, and', { status: 'aborted' })
    talk.ask(asked, 'Okay, and', { status: 'failed' })
    talk.ask(asked, 'Okay, and then?')
    before.push(user('Yes.'), assistant('Okay, and then?'))
  }
  const messages = [user('They agree.'), assistant('I see.'), ...before.slice(count), NEXT]
  const name = 'equal short replies, head cut by a summary'
  // Nothing tells the halves apart, and the root wins.
  const common = {
    talk,
    messages,
    kind: 'withdrawn',
    confidence: 'low',
    showsNothing: false,
  } as const
  return [
    { ...common, name: `${name}, first time`, shownBefore: before, isRepeated: false },
    { ...common, name: `${name}, again`, shownBefore: messages, isRepeated: true },
  ]
}
