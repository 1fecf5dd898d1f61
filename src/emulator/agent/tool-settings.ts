import { z } from 'zod'

const ToolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be letters, digits, _ and -')
const Description = z.string().max(10_000)
export const HttpUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:/i.test(text), 'must be an http or https URL')

export const HeaderName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name')
  .refine(
    (name) => !['content-length', 'host', 'transfer-encoding'].includes(name.toLowerCase()),
    'is set by the emulator itself',
  )
export const HeaderValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII')

/** The JSON Schema of a tool's arguments, as it goes into the request. */
const Parameters = z
  .looseObject({
    type: z.literal('object'),
    properties: z.record(z.string(), z.unknown()).default({}),
    required: z.array(z.string()).optional(),
  })
  .default({ type: 'object', properties: {} })

/** Absent or empty: the platform's own text. */
const OwnDescription = Description.default('')

const AgentTransfer = z.strictObject({
  agent_id: z.string().min(1),
  condition: z.string().default(''),
  delay_ms: z.int().min(0).default(0),
  transfer_message: z.string().default(''),
  enable_transferred_agent_first_message: z.boolean().default(false),
})
export type AgentTransfer = z.infer<typeof AgentTransfer>

const NumberTransfer = z.strictObject({
  transfer_number: z.string().min(1),
  condition: z.string().default(''),
  transfer_type: z.enum(['conference', 'sip_refer']).default('conference'),
})
export type NumberTransfer = z.infer<typeof NumberTransfer>

const ConfiguredSystemTool = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('end_call'), description: OwnDescription }),
  z.strictObject({ name: z.literal('skip_turn'), description: OwnDescription }),
  z.strictObject({
    name: z.literal('language_detection'),
    description: OwnDescription,
    /** Empty: any. */
    languages: z.array(z.string().min(2)).default([]),
  }),
  z.strictObject({
    name: z.literal('voicemail_detection'),
    description: OwnDescription,
    voicemail_message: z.string().default(''),
  }),
  z.strictObject({ name: z.literal('play_keypad_touch_tone'), description: OwnDescription }),
  z.strictObject({
    name: z.literal('transfer_to_agent'),
    description: OwnDescription,
    transfers: z.array(AgentTransfer).min(1),
  }),
  z.strictObject({
    name: z.literal('transfer_to_number'),
    description: OwnDescription,
    transfers: z.array(NumberTransfer).min(1),
  }),
])

/** Those that need no settings can be written as a name. */
const NAMED = [
  'end_call',
  'skip_turn',
  'language_detection',
  'voicemail_detection',
  'play_keypad_touch_tone',
] as const

export const SystemToolSettings = z.union([
  ConfiguredSystemTool,
  z
    .string()
    .pipe(z.enum(NAMED))
    .transform((name) => ConfiguredSystemTool.parse({ name })),
])
export type SystemToolSettings = z.infer<typeof SystemToolSettings>

export const ClientToolSettings = z.strictObject({
  name: ToolName,
  description: Description,
  parameters: Parameters,
  response_timeout_secs: z.number().min(1).max(120).default(20),
  expects_response: z.boolean().default(true),
})
export type ClientToolSettings = z.infer<typeof ClientToolSettings>

export const WebhookToolSettings = z.strictObject({
  name: ToolName,
  description: Description,
  /** `{name}` in its path or query stands for an argument. */
  url: HttpUrl.refine(
    (text) => !/^[^:]*:[/\\]*[^/\\?#]*[{}]/.test(text),
    'may have arguments in its path and query only',
  ),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: z.record(HeaderName, HeaderValue).default({}),
  parameters: Parameters,
  response_timeout_secs: z.number().min(5).max(120).default(20),
})
export type WebhookToolSettings = z.infer<typeof WebhookToolSettings>
