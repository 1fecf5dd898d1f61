import type { ConversationMessage } from './message.ts'
import { isSilent, sameWords, toWords } from './words.ts'

/** One block of user speech: adjacent user messages, merged. */
export interface UserBlock {
  readonly messages: readonly ConversationMessage[]
  readonly text: string
}

/** A user block and the assistant and tool messages that answered it. */
export interface AnsweredBlock {
  readonly user: UserBlock
  readonly answer: readonly ConversationMessage[]
}

/** The canonical view of a request's history: what was said, without what is no part of it. */
export interface View {
  readonly systemText: string
  /** Assistant messages before any user speech. */
  readonly greeting: readonly ConversationMessage[]
  readonly answered: readonly AnsweredBlock[]
  /** The user speech that waits for an answer. */
  readonly open: UserBlock | null
  /** Who spoke last; dots count as nobody. */
  readonly tail: 'nobody' | 'user' | 'assistant' | 'tool'
  /** Whether silence (dots) follows the last thing that was said. */
  readonly endsInSilence: boolean
}

export interface ViewOptions {
  /** Server-owned texts and the platform's own fillers: not replies. */
  readonly fillers: FillerMatcher
  /** Name of the marker tool, whose calls and results are not part of the conversation. */
  readonly stateTool: string
}

/** Tells whether an assistant text is made of fillers only. */
export type FillerMatcher = (text: string) => boolean

const MAX_FILLERS_IN_A_ROW = 8

export function createFillerMatcher(texts: readonly string[]): FillerMatcher {
  const fillers = texts.map((text) => toWords(text)).filter((words) => words.length > 0)
  const wordless = new Set(texts.map((text) => text.trim()))
  const longest = Math.max(0, ...texts.map((text) => text.length))
  return (text) => {
    // Replies are long and fillers are short: the length spares nearly every text the comparison.
    if (text.length > (longest + 8) * MAX_FILLERS_IN_A_ROW) return false
    const words = toWords(text)
    if (words.length === 0) return wordless.has(text.trim())
    // One filler can begin with another one: all places that fillers can end at are followed.
    const ends = new Set([0])
    for (const end of ends) {
      if (end === words.length) return true
      for (const filler of fillers) {
        if (filler.every((word, index) => words[end + index] === word))
          ends.add(end + filler.length)
      }
    }
    return false
  }
}

/** The message as it counts, or null if it is no part of the conversation. */
function spoken(
  message: ConversationMessage,
  markers: Set<string>,
  options: ViewOptions,
): ConversationMessage | null {
  switch (message.role) {
    case 'system':
      return null
    case 'user':
      return isSilent(message.text) && !message.parts ? null : message
    case 'tool':
      return message.callId && markers.has(message.callId) ? null : message
    case 'assistant': {
      const isNothing = isSilent(message.text) || options.fillers(message.text)
      if (!message.calls || message.calls.length === 0) return isNothing ? null : message
      const calls = message.calls.filter((call) => call.name !== options.stateTool)
      if (calls.length === message.calls.length) return message
      for (const call of message.calls) if (call.name === options.stateTool) markers.add(call.id)
      if (calls.length > 0) return { ...message, calls }
      return isNothing ? null : { role: 'assistant', text: message.text }
    }
  }
}

/** Equal neighbours are one: platforms repeat a line around words that do not count. */
export function toUserBlock(messages: readonly ConversationMessage[]): UserBlock {
  if (messages.length === 1) return { messages, text: messages[0]?.text ?? '' }
  const kept = messages.filter((message, index) => {
    const before = messages[index - 1]
    return !before || message.parts || before.parts || !sameWords(before.text, message.text)
  })
  return { messages: kept, text: kept.map((message) => message.text).join(' ') }
}

/** Groups the history into blocks; linear in its length. */
export function toView(messages: readonly ConversationMessage[], options: ViewOptions): View {
  const systemTexts: string[] = []
  const greeting: ConversationMessage[] = []
  const answered: AnsweredBlock[] = []
  const markers = new Set<string>()
  let user: ConversationMessage[] = []
  let answer: ConversationMessage[] = []
  let endsInSilence = false
  for (const message of messages) {
    if (message.role === 'system' && message.text.trim() !== '') systemTexts.push(message.text)
    const kept = spoken(message, markers, options)
    if (message.role === 'user') endsInSilence = !kept
    if (!kept) continue
    if (kept.role !== 'user') {
      endsInSilence = false
      ;(user.length > 0 ? answer : greeting).push(kept)
      continue
    }
    if (answer.length > 0) {
      answered.push({ user: toUserBlock(user), answer })
      user = []
      answer = []
    }
    user.push(kept)
  }
  if (answer.length > 0) answered.push({ user: toUserBlock(user), answer })
  const open = user.length > 0 && answer.length === 0 ? toUserBlock(user) : null
  const last = open ? undefined : (answer.at(-1) ?? greeting.at(-1))
  return {
    systemText: systemTexts.join('\n\n'),
    greeting,
    answered,
    open,
    tail: open ? 'user' : toTail(last),
    endsInSilence,
  }
}

function toTail(last: ConversationMessage | undefined): View['tail'] {
  if (!last) return 'nobody'
  return last.role === 'tool' ? 'tool' : 'assistant'
}
