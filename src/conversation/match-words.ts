/** How heard words stand against the words of a reply. */
export interface WordMatch {
  /** Heard words that are accounted for, from the beginning. */
  readonly consumed: number
  /** How many words of the reply they reach. */
  readonly reached: number
  /** Word for word the same, apart from where it ends. */
  readonly literal: boolean
}

const DIGIT = /\p{N}/u
/** Platforms write "10:30" as "half past ten" and the like. */
const MAX_WORDS_OF_A_NUMBER = 5
/** From so many heard words on, most of them in order are enough: re-transcription loses some. */
const MIN_WORDS_FOR_TOLERANCE = 5
const TOLERANCE = 0.8

/**
 * All ways in which `heard`, from word `from` on, is a prefix of `reply` or runs past its end; the
 * last heard word may be cut. A word of ours that holds a digit matches one to five heard words.
 */
export function matchPrefix(
  heard: readonly string[],
  from: number,
  reply: readonly string[],
): readonly WordMatch[] {
  const found: WordMatch[] = []
  // Positions in `heard` that the words of the reply so far can have led to; true: word for word.
  let positions = new Map<number, boolean>([[from, true]])
  for (let index = 0; index <= reply.length && positions.size > 0; index++) {
    const word = reply[index]
    const next = new Map<number, boolean>()
    for (const [position, literal] of positions) {
      const spoken = heard[position]
      if (word === undefined || spoken === undefined) {
        if (position > from) found.push({ consumed: position - from, reached: index, literal })
        continue
      }
      if (word === spoken) next.set(position + 1, literal || (next.get(position + 1) ?? false))
      else if (position === heard.length - 1 && word.startsWith(spoken)) {
        found.push({ consumed: position + 1 - from, reached: index, literal })
      }
      if (DIGIT.test(word)) addNumberEnds(next, position, heard.length)
    }
    positions = next
  }
  return found
}

function addNumberEnds(next: Map<number, boolean>, position: number, end: number): void {
  for (let length = 1; length <= MAX_WORDS_OF_A_NUMBER && position + length <= end; length++) {
    if (!next.has(position + length)) next.set(position + length, false)
  }
}

/**
 * Re-transcribed speech: at least 80 % of the heard words stand in the reply in the same order, from
 * five words on. Null if not, or if there are too few words to tell.
 */
export function matchMost(
  heard: readonly string[],
  from: number,
  reply: readonly string[],
): WordMatch | null {
  const count = heard.length - from
  if (count < MIN_WORDS_FOR_TOLERANCE || !couldMatchMost(heard, from, reply)) return null
  // What was heard is the reply's beginning, give or take the words that were lost.
  const window = reply.slice(0, Math.ceil(count / TOLERANCE) + MAX_WORDS_OF_A_NUMBER)
  const best = longestInOrder(heard, from, window)
  if (best.matched < Math.ceil(TOLERANCE * count)) return null
  return { consumed: count, reached: best.reached, literal: false }
}

/** An upper bound, so that the costly comparison is made for likely replies only. */
function couldMatchMost(heard: readonly string[], from: number, reply: readonly string[]): boolean {
  const words = new Set(reply)
  let possible = 0
  for (const word of reply) if (DIGIT.test(word)) possible += MAX_WORDS_OF_A_NUMBER
  for (let index = from; index < heard.length; index++)
    if (words.has(heard[index] ?? '')) possible++
  return possible >= TOLERANCE * (heard.length - from)
}

/**
 * The longest common subsequence, in which a word with a digit can stand for up to five heard words,
 * and the number of reply words up to the last one used.
 */
function longestInOrder(
  heard: readonly string[],
  from: number,
  reply: readonly string[],
): { readonly matched: number; readonly reached: number } {
  const count = heard.length - from
  let previous = new Uint16Array(count + 1)
  let reached = 0
  let best = 0
  for (const [index, word] of reply.entries()) {
    const isNumber = DIGIT.test(word)
    const current = Uint16Array.from(previous)
    for (let end = 1; end <= count; end++) {
      let value = Math.max(current[end] ?? 0, current[end - 1] ?? 0)
      if (heard[from + end - 1] === word) value = Math.max(value, (previous[end - 1] ?? 0) + 1)
      for (let length = 1; isNumber && length <= MAX_WORDS_OF_A_NUMBER && length <= end; length++) {
        value = Math.max(value, (previous[end - length] ?? 0) + length)
      }
      current[end] = value
    }
    const total = current[count] ?? 0
    if (total > best) {
      best = total
      reached = index + 1
    }
    previous = current
  }
  return { matched: best, reached }
}
