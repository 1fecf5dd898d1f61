import { canonicalJson } from '../canonical-json.ts'
import type { Effort } from './match-words.ts'
import type { ConversationMessage, MessageCall } from './message.ts'

const CHARACTERS_PER_STEP = 10
const MESSAGES_PER_STEP = 20

// The same calls are compared with several turns.
const canonicalArguments = new WeakMap<MessageCall, string>()

/**
 * The index of the first message, from `from` on, that shows one of the calls: the same name, and the
 * same id or arguments. -1 if there is none.
 */
export function findCall(
  sent: readonly MessageCall[],
  messages: readonly ConversationMessage[],
  from: number,
  effort: Effort,
): number {
  if (sent.length === 0) return -1
  effort.left -= (messages.length - from) / MESSAGES_PER_STEP
  for (let index = from; index < messages.length; index++) {
    for (const call of messages[index]?.calls ?? []) {
      effort.left -= sent.length
      if (effort.left <= 0) return -1
      if (sent.some((ours) => isSameCall(ours, call, effort))) return index
    }
  }
  return -1
}

/** Whether the message shows one of the calls under its own id: of several that ask for the same, this one. */
export function showsById(
  sent: readonly MessageCall[],
  message: ConversationMessage | undefined,
): boolean {
  return (message?.calls ?? []).some((theirs) =>
    sent.some((ours) => ours.name === theirs.name && ours.id === theirs.id),
  )
}

function isSameCall(ours: MessageCall, theirs: MessageCall, effort: Effort): boolean {
  // Some upstreams number the calls of each answer anew: an id alone says nothing.
  if (ours.name !== theirs.name) return false
  return ours.id === theirs.id || hasSameArguments(ours, theirs, effort)
}

/** Whether two calls of one tool ask for the same. */
export function hasSameArguments(
  ours: MessageCall,
  theirs: MessageCall,
  effort: Effort = { left: Number.POSITIVE_INFINITY },
): boolean {
  return (
    ours.arguments === theirs.arguments || canonical(ours, effort) === canonical(theirs, effort)
  )
}

/** The arguments with their keys in order, or as they stand if they are no JSON. */
function canonical(call: MessageCall, effort: Effort): string {
  const known = canonicalArguments.get(call)
  if (known !== undefined) return known
  effort.left -= call.arguments.length / CHARACTERS_PER_STEP
  const text = canonicalJson(call.arguments)
  canonicalArguments.set(call, text)
  return text
}
