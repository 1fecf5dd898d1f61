import { z } from 'zod'
import type { JsonObject } from '../json-object.ts'

/** What the platform leaves out it may also send as null. */
const Text = z.string().nullish()

const Setup = z.looseObject({
  type: z.literal('setup'),
  sessionId: Text,
  callSid: Text,
  /** Of Telnyx. */
  callControlId: Text,
  callSessionId: Text,
  callLegId: Text,
  from: Text,
  to: Text,
  direction: Text,
  customParameters: z.record(z.string(), z.unknown()).nullish(),
})
export type Setup = z.infer<typeof Setup>

const Prompt = z.looseObject({
  type: z.literal('prompt'),
  voicePrompt: z.string(),
  lang: Text,
  /** False: the caller is still speaking. */
  last: z.boolean().nullish(),
})

const Dtmf = z.looseObject({ type: z.literal('dtmf'), digit: z.string() })

const Interrupt = z.looseObject({
  type: z.literal('interrupt'),
  utteranceUntilInterrupt: Text,
})

const Failure = z.looseObject({ type: z.literal('error'), description: Text })

const SCHEMAS = {
  setup: Setup,
  prompt: Prompt,
  dtmf: Dtmf,
  interrupt: Interrupt,
  error: Failure,
} as const

export type IncomingFrame = z.infer<(typeof SCHEMAS)[keyof typeof SCHEMAS]>

export type ReadFrame =
  | { readonly type: 'known'; readonly frame: IncomingFrame }
  | { readonly type: 'unknown'; readonly name: string }
  | { readonly type: 'invalid'; readonly reason: string }

/** Reads a frame; unknown keys and types are left to the platform. */
export function readFrame(frame: JsonObject): ReadFrame {
  const { type } = frame
  if (typeof type !== 'string') return { type: 'invalid', reason: 'type: must be a string' }
  if (!isKnown(type)) return { type: 'unknown', name: type }
  const read = SCHEMAS[type].safeParse(frame)
  if (read.success) return { type: 'known', frame: read.data }
  const [issue] = read.error.issues
  return { type: 'invalid', reason: `${type}.${issue?.path.join('.') ?? ''}: has a wrong type` }
}

function isKnown(type: string): type is keyof typeof SCHEMAS {
  return Object.hasOwn(SCHEMAS, type)
}
