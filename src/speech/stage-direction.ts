import { charAt, isUnknown, type Match, type Place } from './construct.ts'

/** Directions are short; what is longer is speech in parentheses. */
const MAX_LENGTH = 80
const MAX_WORDS = 6

const VERBS =
  'laugh chuckle sigh smile pause nod whisper cough gasp giggle hum yawn sniff sniffle groan grin shrug wink snort sob cry gulp mumble mutter frown smirk exhale inhale blush scoff squeal snicker cackle grimace wince sneeze hesitate'
const ADVERBS =
  'softly warmly quietly gently cheerfully nervously excitedly sadly happily enthusiastically calmly sarcastically playfully thoughtfully sympathetically empathetically reassuringly brightly hesitantly jokingly sheepishly'

/** The forms that are also ordinary words: a direction only when nothing stands beside them. */
const ALONE = new Set([
  ...VERBS.split(' '),
  ...['beat', 'silence', 'laughter', 'applause', 'thinking', 'waits', 'waiting'],
])
const ADVERB = new Set(ADVERBS.split(' '))
const AT_EITHER_END = new Set([
  ...VERBS.split(' ').flatMap(formsOf),
  ...ADVERB,
  ...['clears', 'clearing', 'typing', 'waves', 'blinks', 'tilts', 'adjusts', 'glances', 'leans'],
])
const PHRASE =
  /^(?:takes? an? (?:\w+ )?breath|shak(?:es|ing) (?:\w+ )?head|rolls (?:\w+ )?eyes|thinks for a moment)$/

function formsOf(verb: string): readonly string[] {
  const stem = verb.replace(/e$/, '')
  const third = /(?:s|sh|ch|z)$/.test(verb)
    ? `${verb}es`
    : verb.replace(/([^aeou])y$/, '$1ie') + 's'
  const doubled = /^(?:nod|hum|grin|shrug|sob)$/.test(verb) ? stem + stem.slice(-1) : stem
  return [third, `${doubled}ing`]
}

/** A direction from the place to `closing`; `undefined` once it cannot be one. */
export function stageDirection(place: Place, closing: string): Match {
  let words = 0
  let length = 1
  for (; charAt(place, length) !== closing; length++) {
    const char = charAt(place, length)
    if (char === '') return isUnknown(place, length) ? 'more' : undefined
    if ('\n(['.includes(char) || length > MAX_LENGTH) return undefined
    if (char !== ' ' && (length === 1 || charAt(place, length - 1) === ' ')) words++
    if (words > MAX_WORDS) return undefined
  }
  const inside = place.text.slice(place.at + 1, place.at + length)
  return isDirection(inside) ? { taken: length + 1, gap: 'content' } : undefined
}

function isDirection(text: string): boolean {
  const all = text.toLowerCase().match(/[\p{L}\p{N}'’-]+/gu) ?? []
  const words = /^(?:s?he|they|agent|assistant)$/.test(all[0] ?? '') ? all.slice(1) : all
  const first = words[0] ?? ''
  if (words.length === 1 && ALONE.has(first)) return true
  if (PHRASE.test(words.join(' '))) return true
  if (words.includes('or') || (ADVERB.has(first) && words.length > 2)) return false
  if (AT_EITHER_END.has(first)) return true
  // A list or a longer remark that ends in such a word speaks of something: `(fever, coughing)`.
  return words.length <= 3 && !text.includes(',') && AT_EITHER_END.has(words.at(-1) ?? '')
}
