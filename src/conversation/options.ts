import { z } from 'zod'

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `90s`, `30m`, `2h`, `1d` -> milliseconds. */
const Duration = z
  .string()
  .regex(/^\d{1,6}[smhd]$/, 'must be a number and a unit: 90s, 30m, 2h or 1d')
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS]) // the pattern allows no other unit

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function isKeySource(source: string): boolean {
  if (!source.startsWith('system:')) return /^(header|query|body|extra_body)\.[^\s]+$/.test(source)
  try {
    new RegExp(source.slice('system:'.length))
    return source.length > 'system:'.length
  } catch {
    return false
  }
}

/** Where a conversation's key is looked for; the first found wins. */
export const DEFAULT_KEY_SOURCES: readonly string[] = [
  'system:CALL_ID=(conv_[A-Za-z0-9]+)',
  'system:conv_[A-Za-z0-9]+',
  'header.x-conversation-id',
  'header.x-livekit-room-id',
  'query.custom_session_id',
  'body.call.id',
  'extra_body.conversation_id',
  'extra_body.call_id',
]

export const ConversationOptions = z.strictObject({
  key: z
    .array(
      z
        .string()
        .refine(
          isKeySource,
          'must be system:<regular expression>, header.<name>, query.<name>, body.<path> or extra_body.<path>',
        ),
    )
    .default([...DEFAULT_KEY_SOURCES]),
  /** The no-op platform tool that carries the sealed state; never offered to the model. */
  state_tool: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a tool name: letters, digits, _ and -')
    .default('turnstate_state'),
  /** Words the platform speaks on its own, which are no replies of ours. */
  ignore_assistant_texts: z.array(z.string().min(1)).default([]),
  /** How long a conversation without requests is remembered. */
  retain: Duration.refine((ms) => ms >= UNIT_MS.m, 'must be 1m or more').default(2 * UNIT_MS.h),
  timezone: z
    .string()
    .refine(isTimeZone, 'must be an IANA time zone, such as Europe/Oslo')
    .default('UTC'),
  /** The platform's own patience for an answer's first words; only `lint` asks for it. */
  cascade_timeout_ms: z.int().min(2000).max(15_000).default(4000),
})
export type ConversationOptions = z.infer<typeof ConversationOptions>
