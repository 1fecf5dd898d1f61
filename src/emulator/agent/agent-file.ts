import { z } from 'zod'
import type { OfferedTool } from '../rehearsal/platform-tools.ts'
import type { Agent, AgentTool } from './agent.ts'
import { placeholdersIn, SECRET, SYSTEM } from './prompt.ts'
import { offeredSystemTool } from './system-tools.ts'
import {
  ClientToolSettings,
  HeaderName,
  HeaderValue,
  HttpUrl,
  SystemToolSettings,
  WebhookToolSettings,
} from './tool-settings.ts'

const CustomLlmSettings = z.strictObject({
  /** The base, as it would be saved on the platform; `--url` wins. */
  url: HttpUrl.optional(),
  model_id: z.string().default(''),
  api_key: z
    .string()
    .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
    .optional(),
  /** Values may hold `{{name}}`. */
  request_headers: z.record(HeaderName, HeaderValue).default({}),
  cascade_timeout_seconds: z.number().min(2).max(15).default(4),
  /** null: not sent. */
  temperature: z.number().min(0).max(2).nullable().default(0),
  /** -1: as much as the model can. */
  max_tokens: z
    .int()
    .refine((count) => count === -1 || count >= 1, 'must be a whole number from 1, or -1')
    .default(8192),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  /** What becomes of a request that got no text in time when it is made again. */
  on_retry: z.enum(['close', 'keep_open']).default('close'),
})

const TurnSettings = z.strictObject({
  /** Seconds; -1: never. */
  turn_timeout: z
    .number()
    .refine(
      (seconds) => seconds === -1 || (seconds >= 1 && seconds <= 30),
      'must be a number from 1 to 30, or -1',
    )
    .default(7),
  speculative_turn: z.boolean().default(false),
  silence: z.enum(['dots', 'assistant_tail']).default('dots'),
})

const VariableName = z
  .string()
  .regex(/^[A-Za-z0-9_]+$/, 'must be letters, digits and _')
  .refine((name) => !name.startsWith(SYSTEM), `must not begin with ${SYSTEM}`)

/** What an ElevenLabs agent's settings would say, as far as its words go. */
export const AgentFile = z
  .strictObject({
    agent_id: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be letters, digits, _ and -'),
    /** Empty: the agent waits for the user. */
    first_message: z.string().default(''),
    prompt: z.string().default(''),
    language: z.string().min(2).default('en'),
    dynamic_variables: z
      .record(VariableName, z.union([z.string(), z.number(), z.boolean()]))
      .default({}),
    custom_llm: CustomLlmSettings.prefault({}),
    allow_custom_llm_extra_body: z.boolean().default(false),
    extra_body_not_allowed: z.enum(['drop', 'refuse']).default('drop'),
    allow_overrides: z
      .array(z.enum(['first_message', 'language', 'prompt', 'text_only']))
      .default(['text_only']),
    signed_url_required: z.boolean().default(false),
    system_tools: z.array(SystemToolSettings).default([]),
    farewell_parameter: z.enum(['message', 'system__message_to_speak']).default('message'),
    client_tools: z.array(ClientToolSettings).default([]),
    webhook_tools: z.array(WebhookToolSettings).default([]),
    /** Some histories do not hold the messages of tools. */
    tool_messages: z.enum(['keep', 'omit']).default('keep'),
    turn: TurnSettings.prefault({}),
    client_events: z.enum(['all', 'default']).default('all'),
    echo_user_transcript: z.boolean().default(false),
    max_duration_seconds: z.int().min(60).max(7200).default(600),
  })
  .superRefine((file, context) => {
    const seen = new Set<string>()
    for (const kind of ['system_tools', 'client_tools', 'webhook_tools'] as const) {
      for (const [index, { name }] of file[kind].entries()) {
        if (seen.has(name)) {
          const message = `there is already a tool "${name}"`
          context.addIssue({ code: 'custom', path: [kind, index], message })
        }
        seen.add(name)
      }
    }
  })
export type AgentFile = z.infer<typeof AgentFile>

/** The agent of a checked file. */
export function toAgent(file: AgentFile): Agent {
  const { turn } = file
  return {
    id: file.agent_id,
    firstMessage: file.first_message,
    prompt: file.prompt,
    language: file.language,
    neededVariables: neededVariables(file),
    defaultVariables: file.dynamic_variables,
    tools: toolsOf(file),
    allowsExtraBody: file.allow_custom_llm_extra_body,
    allowedOverrides: file.allow_overrides,
    refusesExtraBody: file.extra_body_not_allowed === 'refuse',
    requiresSignedUrl: file.signed_url_required,
    clientEvents: file.client_events,
    echoesUserTranscript: file.echo_user_transcript,
    turn: {
      timeoutMs: turn.turn_timeout === -1 ? null : turn.turn_timeout * 1000,
      silenceForm: turn.silence,
      isSpeculative: turn.speculative_turn,
    },
    maxDurationMs: file.max_duration_seconds * 1000,
  }
}

/** Nothing that waits for a system tool needs more. */
const SYSTEM_TOOL_LIMIT_MS = 20_000

export function toolsOf(file: AgentFile): readonly AgentTool[] {
  return [
    ...file.system_tools.map((settings) => ({
      kind: 'system' as const,
      name: settings.name,
      offered: offeredSystemTool(settings, file.farewell_parameter),
      responseTimeoutMs: SYSTEM_TOOL_LIMIT_MS,
      expectsResponse: true,
    })),
    ...file.client_tools.map((settings) => ({
      kind: 'client' as const,
      name: settings.name,
      offered: offered(settings),
      responseTimeoutMs: settings.response_timeout_secs * 1000,
      expectsResponse: settings.expects_response,
    })),
    ...file.webhook_tools.map((settings) => ({
      kind: 'webhook' as const,
      name: settings.name,
      offered: offered(settings),
      responseTimeoutMs: settings.response_timeout_secs * 1000,
      expectsResponse: true,
    })),
  ]
}

function offered({
  name,
  description,
  parameters,
}: ClientToolSettings | WebhookToolSettings): OfferedTool {
  return { type: 'function', function: { name, description, parameters } }
}

/** What the client must bring: everything that is named and that neither the platform nor the file knows. */
function neededVariables(file: AgentFile): readonly string[] {
  const inTexts = placeholdersIn(`${file.first_message} ${file.prompt}`)
  const inHeaders = Object.values(file.custom_llm.request_headers).flatMap(placeholdersIn)
  const names = [...inTexts.filter((name) => !name.startsWith(SECRET)), ...inHeaders]
  return [...new Set(names)].filter(
    (name) => VariableName.safeParse(name).success && !Object.hasOwn(file.dynamic_variables, name),
  )
}
