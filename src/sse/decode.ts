interface SseDecoderOptions {
  /** Gets each event's data; the lines of one event are joined by a line break. */
  readonly onData: (data: string) => void
  /** Characters that a line, and the data of one event, may have. */
  readonly maxLength: number
}

interface SseDecoder {
  /** False once something was longer than allowed; nothing is decoded any more. */
  push(bytes: Buffer): boolean
  /** The stream is over: an event that lacks only its blank line counts too. */
  end(): boolean
  /** Nothing is held: whatever comes next begins with a line of its own. */
  isBetweenEvents(): boolean
}

/** One object rather than a closure for each step: there is one for every answer under way. */
interface Decoding extends SseDecoderOptions {
  /** The beginning of a character. */
  cut: Buffer | undefined
  isFirst: boolean
  endedInReturn: boolean
  rest: string
  data: string | undefined
  isTooLong: boolean
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const COLON = 0x3a
const BYTE_ORDER_MARK = 0xfeff
/** Below it a byte is a whole character. */
const NOT_ASCII = 0x80
/** At least this begins a character of several bytes; less continues one. */
const LEAD_BYTE = 0xc0

/** Incremental decoder of server-sent events, cut at any byte. Only data matters to us: no types, no ids. */
export function createSseDecoder({ onData, maxLength }: SseDecoderOptions): SseDecoder {
  const decoding: Decoding = {
    onData,
    maxLength,
    cut: undefined,
    isFirst: true,
    endedInReturn: false,
    rest: '',
    data: undefined,
    isTooLong: false,
  }
  return {
    push: (bytes) => pushText(decoding, textOf(decoding, bytes)),
    end: () => pushText(decoding, `${decoding.cut?.toString() ?? ''}\n\n`),
    isBetweenEvents: () =>
      decoding.rest === '' && decoding.data === undefined && decoding.cut === undefined,
  }
}

function textOf(decoding: Decoding, bytes: Buffer): string {
  const { cut } = decoding
  const whole = cut === undefined ? bytes : Buffer.concat([cut, bytes])
  const end = wholeCharacters(whole)
  // A copy: the read that it stands in is larger by far.
  decoding.cut = end === whole.length ? undefined : Buffer.from(whole.subarray(end))
  return whole.toString('utf8', 0, end)
}

/** How many of the bytes are whole characters; the rest, three at most, is the beginning of one. */
function wholeCharacters(bytes: Buffer): number {
  const { length } = bytes
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0
    if (byte < NOT_ASCII) return length
    if (byte >= LEAD_BYTE) return sizeOf(byte) > back ? length - back : length
  }
  return length
}

function sizeOf(leadByte: number): number {
  if (leadByte < 0xe0) return 2
  return leadByte < 0xf0 ? 3 : 4
}

function pushText(decoding: Decoding, text: string): boolean {
  if (text === '' || decoding.isTooLong) return !decoding.isTooLong
  const first = text.charCodeAt(0)
  const isSkipped =
    (decoding.isFirst && first === BYTE_ORDER_MARK) ||
    (decoding.endedInReturn && first === LINE_FEED)
  decoding.isFirst = false
  decoding.endedInReturn = text.charCodeAt(text.length - 1) === CARRIAGE_RETURN
  let lines = isSkipped ? text.slice(1) : text
  if (lines.includes('\r')) lines = lines.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  takeLines(decoding, lines)
  return !decoding.isTooLong
}

function takeLines(decoding: Decoding, text: string): void {
  let from = 0
  for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
    if (decoding.rest === '') {
      takeLine(decoding, text, from, to)
    } else {
      const line = decoding.rest + text.slice(from, to)
      decoding.rest = ''
      takeLine(decoding, line, 0, line.length)
    }
    if (isOver(decoding.data, decoding)) break
    from = to + 1
  }
  if (from < text.length) decoding.rest += text.slice(from)
  decoding.isTooLong = isOver(decoding.rest, decoding) || isOver(decoding.data, decoding)
}

function isOver(text: string | undefined, { maxLength }: Decoding): boolean {
  return text !== undefined && text.length > maxLength
}

/** The line of the text from `from` to `to`. */
function takeLine(decoding: Decoding, text: string, from: number, to: number): void {
  const { data } = decoding
  if (from === to) {
    decoding.data = undefined
    if (data !== undefined) decoding.onData(data)
    return
  }
  if (!text.startsWith('data', from)) return
  const colon = from + 4
  if (colon < to && text.charCodeAt(colon) !== COLON) return
  const start = text.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1
  const value = text.slice(start, Math.max(start, to))
  decoding.data = data === undefined ? value : `${data}\n${value}`
}
