import { z } from 'zod'
import { isRecord, parseJson } from '../../rehearsal/json.ts'

const EventId = z.number().int()

/** Clients send a text; whatever else comes is shown to the model as JSON. */
const ResultText = z.unknown().transform((value) => {
  if (typeof value === 'string') return value
  return value === undefined ? '' : JSON.stringify(value)
})

const File = z.object({ file_id: z.string().min(1) })

const ClientEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('pong'), event_id: EventId }),
  z.object({ type: z.literal('user_message'), text: z.string().nullish() }),
  z.object({ type: z.literal('user_activity') }),
  z.object({ type: z.literal('contextual_update'), text: z.string() }),
  z.object({
    type: z.literal('client_tool_result'),
    tool_call_id: z.string(),
    result: ResultText,
    is_error: z.boolean().nullish(),
  }),
  z.object({
    type: z.literal('feedback'),
    event_id: EventId.nullish(),
    score: z.enum(['like', 'dislike']).nullish(),
  }),
  z.object({ type: z.literal('mcp_tool_approval_result') }),
  z.object({
    type: z.literal('multimodal_message'),
    text: z.object({ text: z.string().nullish() }).nullish(),
    file: File.nullish(),
    files: z.array(File).max(100).nullish(),
  }),
])
type KnownEvent = z.infer<typeof ClientEvent>

export type ClientEvent =
  | KnownEvent
  | { readonly type: 'user_audio_chunk' }
  /** Read by `readInitiation`. */
  | { readonly type: 'conversation_initiation_client_data'; readonly body: unknown }

type ClientFrame =
  | { readonly kind: 'event'; readonly event: ClientEvent }
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'invalid'; readonly reason: string }

const KNOWN_TYPES: readonly string[] = ClientEvent.options.map((option) => option.shape.type.value)

export function readClientFrame(text: string): ClientFrame {
  const frame = parseJson(text)
  if (!isRecord(frame)) return { kind: 'invalid', reason: 'A frame must be a JSON object.' }
  const { type } = frame
  if (type === 'conversation_initiation_client_data') return initiation(frame)
  if (type === undefined) return untyped(frame)
  if (typeof type !== 'string') return { kind: 'invalid', reason: 'type must be a text.' }
  if (!KNOWN_TYPES.includes(type)) return { kind: 'unknown', type }
  const known = ClientEvent.safeParse(frame)
  if (known.success) return { kind: 'event', event: known.data }
  const issue = known.error.issues[0]
  const place = [type, ...(issue?.path ?? [])].join('.')
  return { kind: 'invalid', reason: `${place}: ${issue?.message ?? 'is wrong'}` }
}

function untyped(frame: object): ClientFrame {
  if ('user_audio_chunk' in frame) return { kind: 'event', event: { type: 'user_audio_chunk' } }
  if ('parameters' in frame) return initiation(frame)
  return { kind: 'invalid', reason: 'A frame must have a type.' }
}

/** Older clients put everything under `parameters`, with or without a type. */
function initiation(frame: object): ClientFrame {
  const body = 'parameters' in frame && isRecord(frame.parameters) ? frame.parameters : frame
  return { kind: 'event', event: { type: 'conversation_initiation_client_data', body } }
}
