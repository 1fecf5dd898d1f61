import { createHmac, randomUUID } from 'node:crypto'
import type { HttpCall } from './http-call.ts'

const PREFIX = 'whsec_'
const MIN_KEY_BYTES = 24
const MAX_KEY_BYTES = 64

/** Headers that name and sign a call; no tool may set them itself. */
export const CALL_HEADERS: ReadonlySet<string> = new Set([
  'idempotency-key',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
])

/** True for `whsec_` and the base64 of 24 to 64 bytes, and for any other text, which is a key as it is. */
export function isSigningSecret(secret: string): boolean {
  if (!secret.startsWith(PREFIX)) return true
  const encoded = secret.slice(PREFIX.length)
  const key = Buffer.from(encoded, 'base64')
  // Node passes over what is no base64; the specification's own libraries refuse it.
  const isBase64 = key.toString('base64') === encoded
  return isBase64 && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES
}

/** Makes the headers of one try: the same call keeps its id, each try has its own time. */
type Stamp = (call: HttpCall) => HttpCall

/** Names calls by their idempotency key and, with a secret, signs them as Standard Webhooks 1.0 asks. */
export function createStamper(
  secret: string | undefined,
): (idempotencyKey: string | undefined) => Stamp {
  const key = secret === undefined ? undefined : keyOf(secret)
  return (idempotencyKey) => {
    const id = idempotencyKey ?? (key === undefined ? undefined : randomUUID())
    if (id === undefined) return (call) => call
    const names = {
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      'webhook-id': id,
    }
    return (call) => ({
      ...call,
      headers: { ...call.headers, ...names, ...(key && signatureOf(key, id, call.body ?? '')) },
    })
  }
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret)
}

function signatureOf(key: Buffer, id: string, body: string): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000).toString()
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
