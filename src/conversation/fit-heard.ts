import { matchMost, matchPrefix } from './match-words.ts'
import { toWords } from './words.ts'

/** Nobody hears so much in one breath; what is longer is not looked at. */
const MAX_TOLD_CHARACTERS = 20_000
/** A longer text is only compared from the reply's beginning on. */
const MAX_PLACED_WORDS = 500

/**
 * What was heard of a reply, as a text that begins where the reply does: platforms also tell only the
 * last sentence that was heard. What stands nowhere in the reply is believed as it was told.
 */
export function fitHeard(told: string, reply: string): string {
  const text = told.slice(0, MAX_TOLD_CHARACTERS).trim()
  const heard = toWords(text)
  if (heard.length === 0) return ''
  const words = toWords(reply)
  if (isBeginning(heard, words)) return text
  const at = placeOf(heard, words)
  return at < 0 ? text : cutAfterWords(reply, at + heard.length)
}

/** Whether the words are some of the reply's. */
export function isPartOf(told: string, reply: string): boolean {
  const heard = toWords(told.slice(0, MAX_TOLD_CHARACTERS))
  const words = toWords(reply)
  if (heard.length === 0) return false
  return (
    isBeginning(heard, words) || placeOf(heard, words) >= 0 || matchMost(heard, 0, words) !== null
  )
}

function isBeginning(heard: readonly string[], reply: readonly string[]): boolean {
  return matchPrefix(heard, 0, reply).some(({ consumed }) => consumed === heard.length)
}

/** The first place where the words stand in the reply, the last one perhaps cut; -1 if there is none. */
function placeOf(heard: readonly string[], reply: readonly string[]): number {
  if (heard.length > MAX_PLACED_WORDS) return -1
  const last = heard.length - 1
  return reply.findIndex((_, at) =>
    heard.every((word, index) => {
      const ours = reply[at + index]
      return index === last ? (ours?.startsWith(word) ?? false) : ours === word
    }),
  )
}

/** The text up to the end of so many words. */
function cutAfterWords(text: string, count: number): string {
  let [enough, tooMany] = [0, text.length + 1]
  while (tooMany - enough > 1) {
    const middle = Math.floor((enough + tooMany) / 2)
    if (toWords(text.slice(0, middle)).length <= count) enough = middle
    else tooMany = middle
  }
  return text.slice(0, enough).trimEnd()
}
