import { isAscii } from 'node:buffer'
import { TurnstateError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'

/** A request body that is a JSON object. */
export interface JsonBody {
  readonly value: JsonObject
  /** The bytes of `value`, without a byte order mark. */
  readonly bytes: Buffer
}

/** Throws `invalid_request` for what is not a JSON object. */
export function parseJsonBody(received: unknown): JsonBody {
  const bytes = withoutByteOrderMark(Buffer.isBuffer(received) ? received : Buffer.alloc(0))
  if (bytes.length === 0)
    throw new TurnstateError('invalid_request', 'The body is empty: send a JSON object')
  // ASCII is the usual case, and as Latin-1 it needs no decoding.
  const value = parseJson(bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8'))
  if (!isJsonObject(value)) {
    throw new TurnstateError('invalid_request', 'The body must be a JSON object')
  }
  return { value, bytes }
}

/** Writing a value that is nested much deeper as JSON would exhaust the stack. */
export const MAX_DEPTH = 100

/**
 * Throws `invalid_request` if a value that is kept or sent on is nested so deeply that writing it as
 * JSON again would exhaust the stack. (`JSON.parse` itself does not recurse.)
 */
export function refuseDeepNesting(value: unknown, param: string): void {
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw new TurnstateError('invalid_request', `\`${param}\` is nested too deeply`, { param })
  }
}

export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}

function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TurnstateError('invalid_request', 'The body is not valid JSON', { cause })
  }
}
