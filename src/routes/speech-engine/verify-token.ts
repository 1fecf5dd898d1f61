import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../json-object.ts'

const ISSUER = 'https://api.elevenlabs.io/convai/speech-engine'
const SUBJECT = 'convai_speech_engine_upstream'
/** Clocks differ. */
const LEEWAY_SECONDS = 60
/** The platform's have some 300. */
const MAX_TOKEN_CHARACTERS = 4096
const PART = /^[A-Za-z0-9_-]+$/

/** What of a token is wrong: its form, or the field of this name. */
export type TokenFault = 'form' | 'alg' | 'signature' | 'iss' | 'sub' | 'exp' | 'iat'

/** The platform signs with the SHA-256 of the API key, not with the key. */
export function toTokenKey(apiKey: string): Buffer {
  return createHash('sha256').update(apiKey.trim()).digest()
}

/** Null if whoever made the token holds the API key and made it for this purpose and time. */
export function faultOfToken(header: string, key: Buffer, nowSeconds: number): TokenFault | null {
  if (header.length > MAX_TOKEN_CHARACTERS) return 'form'
  const parts = header
    .trim()
    .replace(/^bearer\s+/i, '')
    .split('.')
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3 || !parts.every((part) => PART.test(part))) return 'form'
  const fields = decoded(head)
  // An extension that must be understood is one that this does not understand.
  if (!fields || 'crit' in fields) return 'form'
  if (fields['alg'] !== 'HS256') return 'alg'
  if (!isSigned(`${head}.${payload}`, signature, key)) return 'signature'
  const claims = decoded(payload)
  return claims ? faultOfClaims(claims, nowSeconds) : 'form'
}

function isSigned(text: string, signature: string, key: Buffer): boolean {
  const expected = Buffer.from(createHmac('sha256', key).update(text).digest('base64url'))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function faultOfClaims({ iss, sub, exp, iat }: JsonObject, nowSeconds: number): TokenFault | null {
  if (iss !== ISSUER) return 'iss'
  if (sub !== SUBJECT) return 'sub'
  if (!isTime(exp) || exp + LEEWAY_SECONDS < nowSeconds) return 'exp'
  if (!isTime(iat) || iat - LEEWAY_SECONDS > nowSeconds) return 'iat'
  return null
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function decoded(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
