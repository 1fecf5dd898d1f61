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
  /** The sealed states that calls to the state tool carry, in the history's order; unchecked. */
  readonly markers: readonly string[]
  /** The request brings the results of marker calls and nothing else. */
  readonly endsInMarker: boolean
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

/** What a history holds besides the conversation itself. */
interface Aside {
  /** Ids of the marker calls. */
  readonly markerIds: Set<string>
  readonly markers: string[]
  /** What the results at the history's end belong to, if it ends in results. */
  results: 'none' | 'markers' | 'others'
}

/** The message as it counts, or null if it is no part of the conversation. */
function spoken(
  message: ConversationMessage,
  aside: Aside,
  options: ViewOptions,
): ConversationMessage | null {
  switch (message.role) {
    case 'system':
      return null
    case 'user':
      aside.results = 'none'
      return isSilent(message.text) && !message.parts ? null : message
    case 'tool': {
      const isMarker = message.callId !== undefined && aside.markerIds.has(message.callId)
      if (!isMarker) aside.results = 'others'
      else if (aside.results === 'none') aside.results = 'markers'
      return isMarker ? null : message
    }
    case 'assistant': {
      const kept = withoutMarkers(message, aside, options.stateTool)
      const isNothing = !hasCalls(kept) && (isSilent(kept.text) || options.fillers(kept.text))
      // Words that do not count are no answer to the results before them.
      if (!isNothing || hasCalls(message)) aside.results = 'none'
      return isNothing ? null : kept
    }
  }
}

/** The message without its calls to the state tool, which are noted. */
function withoutMarkers(
  message: ConversationMessage,
  aside: Aside,
  stateTool: string,
): ConversationMessage {
  const { calls } = message
  if (!calls || calls.length === 0) return message
  const others = calls.filter((call) => call.name !== stateTool)
  if (others.length === calls.length) return message
  for (const call of calls) {
    if (call.name !== stateTool) continue
    aside.markerIds.add(call.id)
    const sealed = sealedIn(call.arguments)
    if (sealed !== null) aside.markers.push(sealed)
  }
  if (others.length > 0) return { ...message, calls: others }
  const { text, interrupted } = message
  return { role: 'assistant', text, ...(interrupted && { interrupted }) }
}

function hasCalls({ calls }: ConversationMessage): boolean {
  return calls !== undefined && calls.length > 0
}

/** More than any sealed state takes. */
const MAX_MARKER_CHARACTERS = 2000

function sealedIn(argumentsText: string): string | null {
  // None of ours; what it says is not even looked at.
  if (argumentsText.length > MAX_MARKER_CHARACTERS) return ''
  try {
    const given: unknown = JSON.parse(argumentsText)
    if (typeof given !== 'object' || given === null || !('state' in given)) return null
    return typeof given.state === 'string' ? given.state : null
  } catch {
    return null
  }
}

/** Equal neighbours are one: platforms repeat a line around words that do not count. */
export function toUserBlock(messages: readonly ConversationMessage[]): UserBlock {
  if (messages.length === 1) return { messages, text: messages[0]?.text ?? '' }
  const kept = messages.filter((message, index) => {
    const before = messages[index - 1]
    const isOwn = !before || message.isAnew || message.parts || before.parts
    return isOwn || !sameWords(before.text, message.text)
  })
  return { messages: kept, text: kept.map((message) => message.text).join(' ') }
}

/** Groups the history into blocks; linear in its length. */
export function toView(messages: readonly ConversationMessage[], options: ViewOptions): View {
  const systemTexts: string[] = []
  const greeting: ConversationMessage[] = []
  const answered: AnsweredBlock[] = []
  const aside: Aside = { markerIds: new Set(), markers: [], results: 'none' }
  let user: ConversationMessage[] = []
  let answer: ConversationMessage[] = []
  let endsInSilence = false
  for (const message of messages) {
    if (message.role === 'system' && message.text.trim() !== '') systemTexts.push(message.text)
    const kept = spoken(message, aside, options)
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
    markers: aside.markers,
    endsInMarker: aside.results === 'markers',
  }
}

function toTail(last: ConversationMessage | undefined): View['tail'] {
  if (!last) return 'nobody'
  return last.role === 'tool' ? 'tool' : 'assistant'
}
