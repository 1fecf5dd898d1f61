import { parseJson } from './json-value.ts'

/*
 * The chunks of one stream are the same but for their text, and to parse them costs most of what a
 * token costs. So the bytes around the text are remembered, and an event that begins and ends with
 * them is read without parsing: 0.5 us instead of 1.6 (OpenAI's), or 2.5 (Azure's). Any other is parsed.
 */

const TEXT_KEY = '"content":'
/** Top-level noise of random length against eavesdroppers: OpenAI's and Mistral's. */
const PADDING = /^(.*"(?:obfuscation|p)": ?")[^"\\]*("\})$/s
const SPACE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const MAX_LENGTH = 4096
/** Some vendors change more than the text in every chunk; to learn is to parse once more. */
const MAX_LESSONS = 8
const PROBE = 'probe'

interface Surroundings {
  readonly before: Buffer
  /** From the quote that ends the text to the padding, or to the end. */
  readonly after: Buffer
  /** What follows the padding, if there is one. */
  readonly last: Buffer | undefined
}

export interface ChunkTemplate {
  known: Surroundings | undefined
  lessons: number
}

export function createChunkTemplate(): ChunkTemplate {
  return { known: undefined, lessons: 0 }
}

/** Gives the texts of the events at the beginning of a read that say nothing else; where others begin. */
export function takeKnownChunks(
  { known }: ChunkTemplate,
  bytes: Buffer,
  onText: (text: string) => void,
): number {
  let at = 0
  if (known === undefined) return at
  for (;;) {
    const start = at + known.before.length
    if (!hasAt(bytes, known.before, at)) return at
    const textEnd = closingQuote(bytes, start)
    if (textEnd === -1 || !hasAt(bytes, known.after, textEnd)) return at
    const next = afterEvent(bytes, textEnd + known.after.length, known.last)
    if (next === -1) return at
    onText(bytes.toString('utf8', start, textEnd))
    at = next
  }
}

function hasAt(bytes: Buffer, part: Buffer, at: number): boolean {
  const end = at + part.length
  return end <= bytes.length && bytes.compare(part, 0, part.length, at, end) === 0
}

/** Where a string without escapes ends, -1 for any other. */
function closingQuote(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) return at
    if (byte === BACKSLASH || byte < SPACE) return -1
  }
  return -1
}

/** Behind padding, the rest of the chunk and the blank line that ends the event; -1 if they are not there. */
function afterEvent(bytes: Buffer, from: number, last: Buffer | undefined): number {
  let at = from
  if (last !== undefined) {
    at = closingQuote(bytes, from)
    if (at === -1 || !hasAt(bytes, last, at)) return -1
    at += last.length
  }
  return afterLineEnd(bytes, afterLineEnd(bytes, at))
}

function afterLineEnd(bytes: Buffer, at: number): number {
  if (at === -1) return -1
  const feedAt = bytes[at] === CARRIAGE_RETURN ? at + 1 : at
  return bytes[feedAt] === LINE_FEED ? feedAt + 1 : -1
}

/** Remembers a chunk that says nothing but its text. `readText` gives the text of a parsed one. */
export function learnChunk(
  template: ChunkTemplate,
  data: string,
  readText: (chunk: unknown) => string,
): void {
  if (template.lessons === MAX_LESSONS || data.length > MAX_LENGTH) return
  template.lessons++
  template.known = surroundingsOf(data, readText)
}

/** Where the text stands is certain once another text in its place is read in its stead. */
function surroundingsOf(
  data: string,
  readText: (chunk: unknown) => string,
): Surroundings | undefined {
  const keyAt = data.indexOf(TEXT_KEY)
  if (keyAt === -1) return undefined
  const valueAt = keyAt + TEXT_KEY.length
  const start = (data.charCodeAt(valueAt) === SPACE ? valueAt + 1 : valueAt) + 1
  const end = data.indexOf('"', start)
  if (data.charCodeAt(start - 1) !== QUOTE || end === -1) return undefined
  if (data.slice(start, end).includes('\\')) return undefined
  const before = data.slice(0, start)
  const rest = data.slice(end)
  if (readText(parseJson(`${before}${PROBE}${rest}`)) !== PROBE) return undefined
  const [, after = rest, last] = PADDING.exec(rest) ?? []
  return {
    before: bytesOf(`data: ${before}`),
    after: bytesOf(after),
    last: last === undefined ? undefined : bytesOf(last),
  }
}

/** Not from the shared pool, of which each would hold a whole page as long as the stream lasts. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}
