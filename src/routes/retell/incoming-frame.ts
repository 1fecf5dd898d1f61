import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../json-object.ts'

/** What Retell says, as far as this server acts on it. */
export type IncomingFrame =
  | { readonly type: 'ping'; readonly timestamp: number | null }
  | { readonly type: 'call'; readonly call: JsonObject }
  /** The live transcript; wants no answer. */
  | { readonly type: 'update'; readonly items: readonly unknown[] }
  | RetellRequest
  | { readonly type: 'unknown'; readonly name: string }
  | { readonly type: 'invalid'; readonly problem: string }

export interface RetellRequest {
  readonly type: 'request'
  readonly id: number
  /** The caller has been silent for a while. */
  readonly isReminder: boolean
  /** The whole transcript so far. */
  readonly items: readonly unknown[]
}

const Items = z.array(z.unknown())

const Transcripts = z.looseObject({
  transcript: Items.nullish(),
  transcript_with_tool_calls: Items.nullish(),
})

const Request = Transcripts.extend({ response_id: z.int().min(0) }).refine(
  (frame) => frame.transcript ?? frame.transcript_with_tool_calls,
  { path: ['transcript'] },
)

/** Reads leniently: only what is asked of the server must have its documented form. */
export function readFrame(frame: JsonObject): IncomingFrame {
  const { interaction_type: name } = frame
  switch (name) {
    case 'ping_pong': {
      const { timestamp } = frame
      return { type: 'ping', timestamp: typeof timestamp === 'number' ? timestamp : null }
    }
    case 'call_details':
      return isJsonObject(frame.call)
        ? { type: 'call', call: frame.call }
        : { type: 'unknown', name: 'call_details without a call' }
    case 'update_only': {
      const update = Transcripts.safeParse(frame)
      return { type: 'update', items: update.success ? itemsOf(update.data) : [] }
    }
    case 'response_required':
    case 'reminder_required':
      return readRequest(frame, name === 'reminder_required')
    default:
      return { type: 'unknown', name: typeof name === 'string' ? name : 'none' }
  }
}

function readRequest(frame: JsonObject, isReminder: boolean): IncomingFrame {
  const request = Request.safeParse(frame)
  if (!request.success) {
    const fields = request.error.issues.map(({ path }) => path[0]?.toString() ?? '')
    return { type: 'invalid', problem: `wrong type of ${[...new Set(fields)].join(', ')}` }
  }
  const items = itemsOf(request.data)
  return { type: 'request', id: request.data.response_id, isReminder, items }
}

/** The transcript that shows tools says all that the other one says. */
function itemsOf(transcripts: z.infer<typeof Transcripts>): readonly unknown[] {
  const { transcript, transcript_with_tool_calls: withTools } = transcripts
  return withTools && withTools.length > 0 ? withTools : (transcript ?? [])
}
