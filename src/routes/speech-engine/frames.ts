import { z } from 'zod'
import type { JsonObject } from '../json-object.ts'

/** Ids have some 30 characters. */
const MAX_ID_CHARACTERS = 256

const Said = z.object({ role: z.string(), content: z.string().nullish() })
export type Said = z.infer<typeof Said>

const INCOMING = {
  init: z.object({
    type: z.literal('init'),
    conversation_id: z.string().min(1).max(MAX_ID_CHARACTERS),
  }),
  user_transcript: z.object({
    type: z.literal('user_transcript'),
    user_transcript: z.array(Said),
    event_id: z.int(),
  }),
  ping: z.object({ type: z.literal('ping') }),
  close: z.object({ type: z.literal('close') }),
  // Nothing depends on the message: of whatever type it is, the call goes on.
  error: z.object({ type: z.literal('error'), message: z.string().optional().catch(undefined) }),
}
type IncomingType = keyof typeof INCOMING
export type IncomingFrame = {
  [Type in IncomingType]: z.infer<(typeof INCOMING)[Type]>
}[IncomingType]
export type Transcript = z.infer<(typeof INCOMING)['user_transcript']>

export type ReadFrame =
  | { readonly type: 'frame'; readonly frame: IncomingFrame }
  /** Of a type that did not exist when this was written. */
  | { readonly type: 'unknown'; readonly name: string }
  /** `where`: the field that is missing or of a wrong type. */
  | { readonly type: 'invalid'; readonly where: string }

/** Reads what the platform sends: unknown keys and types are tolerated, wrong types of known keys are not. */
export function readFrame(frame: JsonObject): ReadFrame {
  const name = frame['type']
  if (typeof name !== 'string') return { type: 'invalid', where: 'type' }
  if (!isKnown(name)) return { type: 'unknown', name }
  const read = INCOMING[name].safeParse(frame)
  if (read.success) return { type: 'frame', frame: read.data }
  const path = read.error.issues[0]?.path ?? []
  return { type: 'invalid', where: [name, ...path].map(String).join('.') }
}

function isKnown(name: string): name is IncomingType {
  return Object.hasOwn(INCOMING, name)
}

/** All that may be sent. */
export const OutgoingFrame = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('agent_response'),
    content: z.string(),
    /** That of the transcript which it answers. */
    event_id: z.int(),
    is_final: z.boolean(),
  }),
  z.strictObject({ type: z.literal('pong') }),
])
export type OutgoingFrame = z.infer<typeof OutgoingFrame>

export type SendFrame = (frame: OutgoingFrame) => void | Promise<void>
