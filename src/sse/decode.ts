import { StringDecoder } from 'node:string_decoder'

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
}

/** Incremental decoder of server-sent events, cut at any byte. Only data matters to us: no types, no ids. */
export function createSseDecoder({ onData, maxLength }: SseDecoderOptions): SseDecoder {
  const utf8 = new StringDecoder('utf8')
  let isFirst = true
  let endedInReturn = false
  let rest = ''
  let data: string | undefined
  let isTooLong = false

  function dispatch(): void {
    if (data === undefined) return
    const whole = data
    data = undefined
    onData(whole)
  }

  function takeLine(line: string): void {
    if (line === '') {
      dispatch()
      return
    }
    const value = dataOf(line)
    if (value !== undefined) data = data === undefined ? value : `${data}\n${value}`
  }

  function hasTooMuch(): boolean {
    return rest.length > maxLength || (data?.length ?? 0) > maxLength
  }

  function pushText(text: string): boolean {
    if (text === '' || isTooLong) return !isTooLong
    if (isFirst) {
      isFirst = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    if (endedInReturn && text.startsWith('\n')) text = text.slice(1)
    endedInReturn = text.endsWith('\r')
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n')
    let from = 0
    let to = text.indexOf('\n')
    while (to !== -1) {
      takeLine(rest + text.slice(from, to))
      rest = ''
      if (hasTooMuch()) break
      from = to + 1
      to = text.indexOf('\n', from)
    }
    rest += text.slice(from)
    isTooLong = hasTooMuch()
    return !isTooLong
  }

  return {
    push: (bytes) => pushText(utf8.write(bytes)),
    end: () => pushText(`${utf8.end()}\n\n`),
  }
}

/** The value of a `data` line; comments and other fields have none. */
function dataOf(line: string): string | undefined {
  if (!line.startsWith('data')) return undefined
  if (line.length === 4) return ''
  if (line[4] !== ':') return undefined
  return line.slice(line[5] === ' ' ? 6 : 5)
}
