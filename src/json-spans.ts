import { isUtf8 } from 'node:buffer'

/*
 * Where things stand in JSON bytes, so that what a caller sent can go upstream byte for byte.
 * Encoding 200 KB of history anew costs four times its parsing; copying it costs next to nothing.
 */

/**
 * An element of a JSON array as it stands in `body`: from byte `start` to byte `end` (exclusive).
 * Elements with neighbouring `index` in the same body can be copied as one run, comma included.
 */
export interface EncodedJson {
  readonly body: Uint8Array
  readonly index: number
  readonly start: number
  readonly end: number
}

/** An element as it was found. */
export interface ElementSpan extends EncodedJson {
  /** Keys at the top of the element, with equal ones counted each; 0 if it is no object. */
  readonly keyCount: number
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Below this a loop over the bytes is cheaper than a call of indexOf. */
const SHORT_STRING = 12

/**
 * Where the elements of the top-level array `key` stand in `body`, which `JSON.parse` has accepted.
 * As with `JSON.parse` the last of several equal keys counts. Null when there is no such array and
 * whenever that is not certain (a top-level key is written with escapes, bytes that are not UTF-8).
 */
export function arrayElementSpans(body: Buffer, key: string): readonly ElementSpan[] | null {
  if (!isUtf8(body)) return null
  const wanted = Buffer.from(key)
  let at = skipSpace(body, 0)
  if (body[at] !== OPEN_BRACE) return null
  let arrayAt = -1
  do {
    at = skipSpace(body, at + 1)
    if (body[at] === CLOSE_BRACE) break
    const keyEnd = skipString(body, at)
    const name = body.subarray(at + 1, keyEnd - 1)
    if (name.includes(BACKSLASH)) return null
    at = skipSpace(body, keyEnd)
    if (body[at] !== COLON) return null
    at = skipSpace(body, at + 1)
    if (name.equals(wanted)) arrayAt = body[at] === OPEN_BRACKET ? at : -1
    at = skipSpace(body, skipValue(body, at))
  } while (body[at] === COMMA)
  if (arrayAt === -1 || body[at] !== CLOSE_BRACE) return null
  return elementSpans(body, arrayAt)
}

function elementSpans(body: Buffer, arrayAt: number): readonly ElementSpan[] | null {
  const spans: ElementSpan[] = []
  let at = skipSpace(body, arrayAt + 1)
  if (body[at] === CLOSE_BRACKET) return spans
  for (;;) {
    const { end, keyCount } = scanValue(body, at)
    spans.push({ body, index: spans.length, start: at, end, keyCount })
    at = skipSpace(body, end)
    if (body[at] === CLOSE_BRACKET) return spans
    if (body[at] !== COMMA) return null
    at = skipSpace(body, at + 1)
  }
}

function skipSpace(body: Buffer, from: number): number {
  let at = from
  while (isSpace(body[at])) at++
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** From the opening quote to after the closing one. */
function skipString(body: Buffer, from: number): number {
  let at = from
  for (;;) {
    at = nextQuote(body, at + 1)
    if (at === -1) return body.length
    let before = at - 1
    while (body[before] === BACKSLASH) before--
    const isEscaped = (at - before) % 2 === 0
    if (!isEscaped) return at + 1
  }
}

/** The bytes of a multi-byte character are never those of a quote, so bytes can be searched. */
function nextQuote(body: Buffer, from: number): number {
  const near = Math.min(from + SHORT_STRING, body.length)
  for (let at = from; at < near; at++) if (body[at] === QUOTE) return at
  return body.indexOf(QUOTE, near)
}

function skipValue(body: Buffer, from: number): number {
  return scanValue(body, from).end
}

type Scanned = Pick<ElementSpan, 'end' | 'keyCount'>

function scanValue(body: Buffer, from: number): Scanned {
  const byte = body[from]
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return scanNested(body, from)
  const end = byte === QUOTE ? skipString(body, from) : skipScalar(body, from)
  return { end, keyCount: 0 }
}

function scanNested(body: Buffer, from: number): Scanned {
  let keyCount = 0
  let depth = 0
  let at = from
  while (at < body.length) {
    const byte = body[at]
    if (byte === QUOTE) {
      at = skipString(body, at)
      continue
    }
    at++
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    // Each key at this depth has one, and arrays have none.
    else if (byte === COLON && depth === 1) keyCount++
    if (depth === 0) return { end: at, keyCount }
  }
  return { end: at, keyCount }
}

function skipScalar(body: Buffer, from: number): number {
  let at = from
  while (at < body.length) {
    const byte = body[at]
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break
    at++
  }
  return at
}
