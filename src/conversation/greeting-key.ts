import type { ConversationMessage } from './message.ts'
import { isProperPrefix, toWords } from './words.ts'

/** A greeting is a sentence or two, and its beginning tells it. */
const MAX_CHARACTERS = 300
/** Fewer words can begin anything. */
const MIN_WORDS = 3

/** What was said before any user speech, in the form that it is compared by; empty if nothing was. */
export function greetingKeyOf(messages: readonly Pick<ConversationMessage, 'text'>[]): string {
  const text = messages.map((message) => message.text.slice(0, MAX_CHARACTERS)).join(' ')
  return toWords(text.slice(0, MAX_CHARACTERS)).join(' ')
}

/** The same words, or as far as they were heard; nothing is no greeting. */
export function isSameGreeting(key: string, other: string): boolean {
  if (key === other) return key !== ''
  const [shorter, longer] = key.length < other.length ? [key, other] : [other, key]
  return shorter.split(' ').length >= MIN_WORDS && isProperPrefix(shorter, longer)
}
