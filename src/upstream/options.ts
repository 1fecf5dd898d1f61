import { z } from 'zod'

/** Headers that the HTTP client itself writes; a second one would break the request. */
const OWN_HEADERS = [
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]

function isPlainBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    !url.username &&
    !url.password &&
    !url.search &&
    !url.hash
  )
}

export const HeaderName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name')
  .refine((name) => !OWN_HEADERS.includes(name.toLowerCase()), 'is set by the server itself')

export const HeaderValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII')

const Milliseconds = z.int().min(1).max(300_000)

/** How long one endpoint may keep a caller waiting; what is absent is as `routing` says. */
const timeouts = {
  connect_timeout_ms: Milliseconds.optional(),
  first_token_timeout_ms: Milliseconds.optional(),
  idle_timeout_ms: Milliseconds.optional(),
  turn_timeout_ms: Milliseconds.optional(),
}

/** Known oddities of an endpoint. */
const Compat = z.enum([
  'merge_roles',
  'user_first',
  'no_trailing_assistant',
  'short_tool_call_ids',
  'max_completion_tokens',
  'no_stream_options',
])

/** An endpoint that speaks OpenAI's chat completions; `base_url` ends before `/chat/completions`. */
export const OpenAiCompatibleOptions = z.strictObject({
  type: z.literal('openai').optional(),
  base_url: z
    .string()
    .refine(isPlainBaseUrl, 'must be an http or https URL without credentials, query or fragment'),
  api_key: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional(),
  model: z.string().min(1),
  headers: z.record(HeaderName, HeaderValue).default({}),
  compat: z.array(Compat).default([]),
  /** Over TLS it is offered and HTTP/1.1 is the other choice; over plain http it is taken for granted. */
  http2: z.boolean().default(false),
  /** Connections that stand ready for the next turns, opened at start and whenever one is taken. */
  warm_connections: z.int().min(0).max(64).default(2),
  ...timeouts,
})
export type OpenAiCompatibleOptions = z.infer<typeof OpenAiCompatibleOptions>

/** No network: answers come from the YAML file `script` (see `Script`). */
const ScriptedOptions = z.strictObject({
  type: z.literal('scripted'),
  script: z.string().min(1),
})

/** One upstream as the configuration names it; without a `type` it is OpenAI-compatible. */
export const UpstreamOptions = z.discriminatedUnion('type', [
  OpenAiCompatibleOptions,
  ScriptedOptions,
])
export type UpstreamOptions = z.infer<typeof UpstreamOptions>

/** Which upstreams are asked in which order, and how long each may keep a caller waiting. */
export const RoutingOptions = z.strictObject({
  /** Names of upstreams; absent means all of them as they stand in the file. */
  order: z.array(z.string().min(1)).min(1).optional(),
  connect_timeout_ms: Milliseconds.default(2000),
  first_token_timeout_ms: Milliseconds.default(2500),
  /** Silence between two tokens. */
  idle_timeout_ms: Milliseconds.default(5000),
  turn_timeout_ms: Milliseconds.default(20_000),
  /** A second request is started early, after so long without a token or after the rolling p95. */
  hedge: z
    .strictObject({
      after_ms: z.union([Milliseconds, z.literal('p95')]),
      max_share: z.number().min(0).max(1).default(0.1),
    })
    .optional(),
})
export type RoutingOptions = z.infer<typeof RoutingOptions>
