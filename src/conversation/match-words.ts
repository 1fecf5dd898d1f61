/** How heard words stand against the words of a reply. */
export interface WordMatch {
  /** Heard words that are accounted for, from the beginning. */
  readonly consumed: number
  /** How many of them stand in the reply: all but those that were re-transcribed. */
  readonly matched: number
  /** How many whole words of the reply they reach. */
  readonly reached: number
  /** The last heard word is the beginning of the reply's next one. */
  readonly cut: boolean
  /** Word for word the same, apart from where it ends. */
  readonly literal: boolean
}

/**
 * What comparing may still cost, in steps of about 100 ns. A hostile history must not stop the
 * process; once this is used up nothing matches any more.
 */
export interface Effort {
  left: number
}

const DIGIT = /\p{N}/u
/** Platforms write "10:30" as "half past ten" and the like. */
const MAX_WORDS_OF_A_NUMBER = 5
/** A row of numbers can end in many places; the nearest ones count. */
const MAX_PLACES = 64
/** From so many heard words on, most of them in order are enough: re-transcription loses some. */
const MIN_WORDS_FOR_TOLERANCE = 5
/** Nobody hears that much in one turn, and the comparison costs the square of it. */
const MAX_WORDS_FOR_TOLERANCE = 1000
const TOLERANCE = 0.8
const CELLS_PER_STEP = 25

/**
 * All ways in which `heard`, from word `from` on, is a prefix of `reply` or runs past its end; the
 * last heard word may be cut. A word of ours that holds a digit matches one to five heard words.
 */
export function matchPrefix(
  heard: readonly string[],
  from: number,
  reply: readonly string[],
  effort: Effort = { left: Number.POSITIVE_INFINITY },
): readonly WordMatch[] {
  const found: WordMatch[] = []
  // Positions in `heard` that the words of the reply so far can have led to; true: word for word.
  // They come in rising order, so the one that is word for word is always the first.
  let positions = new Map<number, boolean>([[from, true]])
  for (let index = 0; index <= reply.length && positions.size > 0; index++) {
    const word = reply[index]
    const isNumber = word !== undefined && DIGIT.test(word)
    const next = new Map<number, boolean>()
    effort.left -= positions.size
    if (effort.left <= 0) return []
    for (const [position, literal] of positions) {
      const spoken = heard[position]
      const consumed = position - from
      if (word === undefined || spoken === undefined) {
        if (consumed > 0) {
          found.push({ consumed, matched: consumed, reached: index, cut: false, literal })
        }
        continue
      }
      if (word === spoken) next.set(position + 1, literal || (next.get(position + 1) ?? false))
      else if (position === heard.length - 1 && word.startsWith(spoken)) {
        const all = consumed + 1
        found.push({ consumed: all, matched: all, reached: index, cut: true, literal })
      }
      if (isNumber) addNumberEnds(next, position, heard.length)
    }
    positions = next
  }
  return found
}

function addNumberEnds(next: Map<number, boolean>, position: number, end: number): void {
  for (let length = 1; length <= MAX_WORDS_OF_A_NUMBER && position + length <= end; length++) {
    if (next.size >= MAX_PLACES) return
    if (!next.has(position + length)) next.set(position + length, false)
  }
}

/**
 * Re-transcribed speech: at least 80 % of the heard words stand in the reply in the same order, from
 * five words on. Null if not, or if there are too few words to tell, or too many.
 */
export function matchMost(
  heard: readonly string[],
  from: number,
  reply: readonly string[],
  effort: Effort = { left: Number.POSITIVE_INFINITY },
): WordMatch | null {
  const count = heard.length - from
  if (count < MIN_WORDS_FOR_TOLERANCE || count > MAX_WORDS_FOR_TOLERANCE) return null
  // What was heard is the reply's beginning, give or take the words that were lost.
  const window = reply.slice(0, Math.ceil(count / TOLERANCE) + MAX_WORDS_OF_A_NUMBER)
  const needed = Math.ceil((count * 4) / 5)
  effort.left -= (count + window.length) / 2
  if (mostPossible(heard, from, window) < needed) return null
  effort.left -= (count * window.length) / CELLS_PER_STEP
  if (effort.left <= 0) return null
  const { matched, reached } = longestInOrder(heard, from, window)
  if (matched < needed || !isSaidInWords(heard, from, window.slice(0, reached))) return null
  return { consumed: count, matched, reached, cut: false, literal: false }
}

/**
 * A number can stand for any words, so a few of them match everything: at least half of the other
 * words must have been heard as they are.
 */
function isSaidInWords(heard: readonly string[], from: number, reply: readonly string[]): boolean {
  const plain = reply.filter((word) => !DIGIT.test(word))
  if (plain.length === reply.length) return true
  return plain.length > 0 && longestInOrder(heard, from, plain).matched * 2 >= plain.length
}

/** An upper bound, so that the costly comparison is made for likely replies only. */
function mostPossible(heard: readonly string[], from: number, reply: readonly string[]): number {
  const counts = new Map<string, number>()
  let possible = 0
  for (const word of reply) {
    if (DIGIT.test(word)) possible += MAX_WORDS_OF_A_NUMBER
    else counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  for (let index = from; index < heard.length; index++) {
    const word = heard[index] ?? ''
    const left = counts.get(word) ?? 0
    if (left === 0) continue
    counts.set(word, left - 1)
    possible++
  }
  return possible
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
  let current = new Uint16Array(count + 1)
  let reached = 0
  let best = 0
  for (const [index, word] of reply.entries()) {
    const isNumber = DIGIT.test(word)
    for (let end = 1; end <= count; end++) {
      let value = Math.max(previous[end] ?? 0, current[end - 1] ?? 0)
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
    ;[previous, current] = [current, previous]
  }
  return { matched: best, reached }
}
