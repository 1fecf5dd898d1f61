import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Position } from '../flow/position.ts'
import type { ConversationMessage } from './message.ts'
import type { View } from './view.ts'
import { wordKey } from './words.ts'

/*
 * The sealed state: what a client or a marker call can carry so that the state survives with no
 * store at all. AES-256-GCM, so it can be neither read nor forged.
 */

/** A tuple: names would cost room that the variables need. */
const Claims = z.tuple([
  /** Version of the flow; a token of another one is ignored. */
  z.string(),
  /** Digest of whose conversation it is of. */
  z.string(),
  /** Digest of the user blocks up to and including the one that the sealed answer answers. */
  z.string(),
  /** How many blocks these are. */
  z.int().min(0),
  /** Tool results that stood in the answer to the last of them already. */
  z.int().min(0),
  /** What had been said after these results; the sealed answer is what comes on top of it. */
  z.int().min(0),
  /** The position: entered after, state, variables. */
  z.int(),
  z.string(),
  z.record(z.string(), z.unknown()),
])

export interface SealedState {
  readonly position: Position
  readonly exchange: number
  /** Tool results that stood in the exchange when the state was sealed. */
  readonly results: number
  /** How much had been said after them. */
  readonly said: number
}

/** `unheard` is ours, but the history does not show its answer: harmless, as after a rollback. */
type OpenedState =
  | { readonly status: 'counts'; readonly sealed: SealedState }
  | { readonly status: 'unheard' }
  | {
      readonly status: 'rejected'
      readonly reason: 'forged' | 'other_flow' | 'other_conversation'
    }

export interface TokenContext {
  /** 32 bytes. */
  readonly sealingKey: Buffer
  readonly flowVersion: string
}

/** The conversation that a token is of, and its history when the token is made or read. */
export interface TokenSubject {
  readonly identity: string
  readonly view: View
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
/** 1.5 KB: it stands in the history of every later request. */
const MAX_SEALED_CHARACTERS = 1536

/** 32 bytes from the signing secret, for sealing alone. */
export function sealingKeyFrom(signingSecret: string): Buffer {
  return createHmac('sha256', signingSecret).update('turnstate state token').digest()
}

/** A short digest that changes whenever the flow or its tools do. */
export function flowVersionOf(flow: unknown): string {
  return shortDigest(JSON.stringify(flow)).slice(0, 12)
}

/**
 * The position after the answer to the view's last block, for the client to carry. Null when that
 * takes more than 1,536 characters.
 */
export function sealState(
  context: TokenContext,
  position: Position,
  { identity, view }: TokenSubject,
): string | null {
  const exchange = view.answered.length + (view.open ? 1 : 0)
  const answer = answerTo(view, exchange)
  const results = answer.filter((message) => message.role === 'tool').length
  const claims: z.infer<typeof Claims> = [
    context.flowVersion,
    shortDigest(identity).slice(0, 16),
    digestOfBlocks(view, exchange),
    exchange,
    results,
    saidAfter(answer, results),
    position.enteredAfter,
    position.state,
    position.variables,
  ]
  try {
    return seal(JSON.stringify(claims), context.sealingKey)
  } catch {
    // Nested too deeply to be written at all.
    return null
  }
}

/**
 * What a token is worth for this history. It counts if it is untampered, of this flow and
 * conversation, and its user blocks stand there with its answer, or a part of it, after them.
 */
export function openState(
  token: unknown,
  context: TokenContext,
  { identity, view }: TokenSubject,
): OpenedState {
  const claims = unseal(token, context.sealingKey)
  if (!claims) return { status: 'rejected', reason: 'forged' }
  const [flow, whose, blocks, exchange, results, said, enteredAfter, state, variables] = claims
  if (flow !== context.flowVersion) return { status: 'rejected', reason: 'other_flow' }
  if (whose !== shortDigest(identity).slice(0, 16)) {
    return { status: 'rejected', reason: 'other_conversation' }
  }
  const isHeard =
    exchange <= view.answered.length && saidAfter(answerTo(view, exchange), results) > said
  if (!isHeard || digestOfBlocks(view, exchange) !== blocks) return { status: 'unheard' }
  const position = { state, enteredAfter, variables }
  return { status: 'counts', sealed: { position, exchange, results, said } }
}

/** What stands after the user block with this number; for 0 the greeting. */
function answerTo(view: View, exchange: number): readonly ConversationMessage[] {
  return exchange === 0 ? view.greeting : (view.answered[exchange - 1]?.answer ?? [])
}

/**
 * How much the assistant said and called after so many tool results; 0 if there are fewer. Not a
 * number of messages: platforms merge adjacent ones.
 */
function saidAfter(answer: readonly ConversationMessage[], results: number): number {
  let left = results
  let said = 0
  for (const { role, text, calls } of answer) {
    if (role === 'tool') left--
    else if (left <= 0) said += text.length + (calls?.length ?? 0)
  }
  return left > 0 ? 0 : said
}

/** By block: a history can hold many tokens, each of which asks for the digest up to another one. */
const blockDigests = new WeakMap<View, string[]>()

/** Of the normalised words of the first so many user blocks; the open one is the last. */
function digestOfBlocks(view: View, count: number): string {
  const digests = blockDigests.get(view) ?? ['']
  blockDigests.set(view, digests)
  for (let index = digests.length - 1; index < count; index++) {
    const block = view.answered[index]?.user ?? view.open
    digests.push(shortDigest(`${digests[index] ?? ''}\n${wordKey(block?.text ?? '')}`))
  }
  return digests[count] ?? ''
}

/** 132 bits. */
function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

function seal(text: string, key: Buffer): string | null {
  const plain = Buffer.from(text)
  const bytes = NONCE_BYTES + plain.length + TAG_BYTES
  if (Math.ceil((bytes * 4) / 3) > MAX_SEALED_CHARACTERS) return null
  // A nonce made from the content needs no randomness: it repeats only where the whole token does.
  const nonce = createHmac('sha256', key).update(plain).digest().subarray(0, NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

function unseal(token: unknown, key: Buffer): z.infer<typeof Claims> | null {
  if (typeof token !== 'string' || token.length > MAX_SEALED_CHARACTERS) return null
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
