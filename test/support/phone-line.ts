import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { ModelToolCall } from '../../src/upstream/upstream.ts'
import { assistant, toolResult, user } from './history.ts'
import { uniqueWord } from './plain-caller.ts'
import type { PlainReply, Question } from './plain-coordination.ts'

/** A message of the history, and the reply whose words or call it shows. */
interface Shown {
  readonly message: ConversationMessage
  readonly reply: PlainReply | null
}

/** What a platform asks with: all that was said so far, and what the caller says now. */
export interface Asked {
  readonly history: readonly Shown[]
  readonly open: readonly string[]
  /** The caller is silent, and the platform says so. */
  readonly hasDots: boolean
}

/** What the platform played of a reply. */
interface Heard {
  readonly asked: Asked
  readonly reply: PlainReply
  readonly text: string
  /** Platform calls that the history keeps, with their results. */
  readonly calls: readonly ModelToolCall[]
}

/** The platform's side of one conversation. */
export interface PhoneLine {
  readonly number: number
  readonly caller: string
  readonly key: string
  /** All that was said; `hasDots`: with a sign of the caller's silence, where nothing is open. */
  readonly now: (hasDots: boolean) => Asked
  /** The caller says something more: a message of its own, more of the last one, or other words instead. */
  readonly speak: (how: 'more' | 'grow' | 'other', isCommon: boolean) => Asked
  /** A transcript of less than what was said; null if there is none. */
  readonly shorter: () => Asked | null
  /** The conversation has not gone on since it was asked. */
  readonly canHear: (asked: Asked) => boolean
  readonly hear: (heard: Heard) => void
  /** The last exchange never happened. */
  readonly withdraw: () => void
}

/** Said by many callers in many exchanges. */
const COMMON = 'yes please'

export function createPhoneLine(number: number, caller: string, key: string): PhoneLine {
  const past: (readonly Shown[])[] = []
  let history: readonly Shown[] = []
  let open: readonly string[] = []
  let spoken = 0

  const now = (hasDots: boolean): Asked => ({
    history,
    open,
    hasDots: hasDots && open.length === 0,
  })
  /** Every line says the same in the same order: what one was told must not reach another. */
  const words = () => `${uniqueWord(++spoken)} ${uniqueWord(++spoken)}`

  return {
    number,
    caller,
    key,
    now,
    speak(how, isCommon) {
      const last = open.at(-1)
      if (last === undefined) open = [isCommon ? COMMON : words()]
      else if (how === 'more') open = [...open, words()]
      else open = open.with(-1, how === 'grow' ? `${last} ${words()}` : words())
      return now(false)
    },
    shorter() {
      const last = open.at(-1)?.split(' ') ?? []
      const less = last.slice(0, -1).join(' ')
      const rest = less === '' ? open.slice(0, -1) : open.with(-1, less)
      return rest.length === 0 ? null : { history, open: rest, hasDots: false }
    },
    canHear: (asked) => asked.history === history,
    hear({ asked, reply, text, calls }) {
      if (asked.open.length > 0) past.push(history)
      const speech = asked.hasDots ? ['...'] : asked.open
      history = [
        ...history,
        ...speech.map((said) => ({ message: user(said), reply: null })),
        { message: assistant(text, calls.length > 0 ? calls : undefined), reply },
        ...calls.map((call) => ({ message: toolResult(call.id, 'done'), reply: null })),
      ]
      open = []
    },
    withdraw() {
      history = past.pop() ?? history
      open = []
    },
  }
}

export function toMessages({ history, open, hasDots }: Asked): readonly ConversationMessage[] {
  const speech = hasDots ? ['...'] : open
  return [...history.map(({ message }) => message), ...speech.map((text) => user(text))]
}

/** What the messages ask, by the plain facts of who said what. */
export function toQuestion({ number }: PhoneLine, { history, open, hasDots }: Asked): Question {
  const shown = [...new Set(history.flatMap(({ reply }) => reply ?? []))]
  const isOpen = open.length > 0
  const heardExchanges = history.filter(
    ({ message }, at) =>
      message.role === 'user' && message.text !== '...' && history[at + 1]?.message.role !== 'user',
  ).length
  const exchange = heardExchanges + (isOpen ? 1 : 0)
  // The first exchange stands at the beginning, whatever was greeted with.
  const node = exchange === 1 && isOpen ? undefined : shown.at(-1)
  const tail = history.at(-1)?.message
  const place = `${number} ${node?.ask ?? 'root'} ${exchange}`
  if (isOpen) return { place, exchange, asking: 'speech', words: open.join(' '), shown }
  if (!tail) return { place, exchange, asking: 'opening', words: '', shown }
  const asking = tail.role === 'tool' && !hasDots ? 'follow_up' : 'silence'
  return { place, exchange, asking, words: tail.callId ?? '', shown }
}
