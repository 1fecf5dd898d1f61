import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Position } from '../flow/position.ts'
import type { UserBlock, View } from './view.ts'
import { wordKey } from './words.ts'

/*
 * The sealed state: what a client or a marker call can carry so that the state survives with no
 * store at all. AES-256-GCM, so it can be neither read nor forged.
 */

const Claims = z.strictObject({
  /** Version of the flow; a token of another one is ignored. */
  flow: z.string(),
  /** Whose conversation it is of. */
  identity: z.string(),
  exchange: z.int().min(0),
  /** Tool results that stood in that exchange already. */
  results: z.int().min(0),
  /** Of the normalised user blocks up to that exchange. */
  digest: z.string(),
  state: z.string(),
  enteredAfter: z.int(),
  variables: z.record(z.string(), z.unknown()),
})

export interface SealedState {
  readonly position: Position
  readonly exchange: number
  /** Tool results that stood in the exchange when the state was sealed. */
  readonly results: number
}

export interface TokenContext {
  /** 32 bytes. */
  readonly sealingKey: Buffer
  readonly flowVersion: string
}

interface TokenSubject {
  readonly identity: string
  /** The history's user blocks up to and including the one that the sealed answer answers. */
  readonly userBlocks: readonly UserBlock[]
  readonly results: number
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const MAX_TOKEN_CHARACTERS = 65_536

/** 32 bytes from the signing secret, for sealing alone. */
export function sealingKeyFrom(signingSecret: string): Buffer {
  return createHmac('sha256', signingSecret).update('turnstate state token').digest()
}

/** A short digest that changes whenever the flow or its tools do. */
export function flowVersionOf(flow: unknown): string {
  return createHash('sha256').update(JSON.stringify(flow)).digest('base64url').slice(0, 12)
}

export function sealState(
  context: TokenContext,
  position: Position,
  subject: TokenSubject,
): string {
  const claims: z.infer<typeof Claims> = {
    flow: context.flowVersion,
    identity: subject.identity,
    exchange: subject.userBlocks.length,
    results: subject.results,
    digest: digestOf(subject.userBlocks),
    ...position,
  }
  const plain = Buffer.from(JSON.stringify(claims))
  // A nonce made from the content needs no randomness: it repeats only where the whole token does.
  const nonce = createHmac('sha256', context.sealingKey)
    .update(plain)
    .digest()
    .subarray(0, NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', context.sealingKey, nonce)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

/**
 * The state in a token that counts for this history: untampered, of this flow and conversation, and
 * its exchanges stand there with an answer after them. Null otherwise.
 */
export function openState(
  token: unknown,
  context: TokenContext,
  history: { readonly identity: string; readonly view: View },
): SealedState | null {
  const claims = unseal(token, context.sealingKey)
  if (!claims || claims.flow !== context.flowVersion || claims.identity !== history.identity)
    return null
  const { answered, greeting } = history.view
  const isHeard = claims.exchange === 0 ? greeting.length > 0 : claims.exchange <= answered.length
  const blocks = answered.slice(0, claims.exchange).map((block) => block.user)
  if (!isHeard || digestOf(blocks) !== claims.digest) return null
  const { state, enteredAfter, variables, exchange, results } = claims
  return { position: { state, enteredAfter, variables }, exchange, results }
}

function unseal(token: unknown, key: Buffer): z.infer<typeof Claims> | null {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_CHARACTERS) return null
  const sealed = Buffer.from(token, 'base64url')
  if (sealed.length <= NONCE_BYTES + TAG_BYTES) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const body = sealed.subarray(NONCE_BYTES, -TAG_BYTES)
    const plain = Buffer.concat([decipher.update(body), decipher.final()]).toString()
    return Claims.parse(JSON.parse(plain))
  } catch {
    // Forged or cut: as good as no token.
    return null
  }
}

function digestOf(blocks: readonly UserBlock[]): string {
  const hash = createHash('sha256')
  for (const block of blocks) hash.update(wordKey(block.text)).update('\n')
  return hash.digest('base64url').slice(0, 22)
}
