import { z } from 'zod'
import { OwnFiller } from './filler.ts'

/*
 * The flow as its author wrote it: these keys are the keys of the YAML file, so that a message
 * about one can be found in the other. Unknown keys are refused everywhere.
 */

/** `transition_to_<state>` must be a legal tool name of at most 64 characters. */
export const StateId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,50}$/, 'must be 1 to 50 letters, digits, _ or -')
export type StateId = string

export const ToolName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')

export const VariableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be a name of letters, digits and _')

/** A JSON Schema object; whether it is a valid schema is checked by the tools room. */
export const JsonSchema = z.record(z.string(), z.unknown())
export type JsonSchema = Readonly<Record<string, unknown>>

/** What a voice may say: one text, or a text per language code (chosen by the variable `language`). */
export const SpokenText = z.union([
  z.string().min(1),
  z
    .record(z.string().min(2), z.string().min(1))
    .refine((texts) => Object.keys(texts).length > 0, 'needs at least one language'),
])
export type SpokenText = z.infer<typeof SpokenText>

export const OPERATORS = [
  '==',
  '!=',
  '>',
  '>=',
  '<',
  '<=',
  'contains',
  'not_contains',
  'exists',
  'not_exist',
  'matches',
] as const
export type Operator = (typeof OPERATORS)[number]

export interface Comparison {
  readonly var: string
  readonly op: Operator
  readonly value?: unknown
}
export type Condition =
  | Comparison
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }

const Comparison = z.strictObject({
  var: z.string().min(1),
  op: z.enum(OPERATORS),
  value: z.unknown().optional(),
})
export const Condition: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    Comparison,
    z.strictObject({ all: z.array(Condition).min(1) }),
    z.strictObject({ any: z.array(Condition).min(1) }),
    z.strictObject({ not: Condition }),
  ]),
)

const expression = { type: z.literal('expression') }
const WhenExpression = z.union([
  z.strictObject({ ...expression, all: z.array(Condition).min(1) }),
  z.strictObject({ ...expression, any: z.array(Condition).min(1) }),
  z.strictObject({ ...expression, not: Condition }),
  Comparison.extend(expression),
])
const WhenLlm = z.strictObject({
  type: z.literal('llm'),
  description: z.string().min(1),
  parameters: JsonSchema.optional(),
})
const WhenResult = z.strictObject({
  type: z.literal('result'),
  tool: ToolName,
  status: z.enum(['ok', 'failed', 'unknown']),
})
const WhenAlways = z.strictObject({ type: z.literal('always') })

export const When = z.union([WhenExpression, WhenLlm, WhenResult, WhenAlways])
export type When = z.infer<typeof When>

export const Edge = z.strictObject({
  to: StateId,
  when: When,
  /** A partly heard turn counts, unless the edge asks for the whole of it. */
  require_heard: z.literal('full').optional(),
})
export type Edge = z.infer<typeof Edge>

export const PlatformTools = z
  .strictObject({
    allow: z.array(z.string().min(1)).optional(),
    deny: z.array(z.string().min(1)).optional(),
  })
  .refine((tools) => !(tools.allow && tools.deny), 'takes either allow or deny, not both')
export type PlatformTools = z.infer<typeof PlatformTools>

/** Sampling settings a state may set; they beat the request's own. */
export const ModelSettings = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  seed: z.int().optional(),
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  reasoning_effort: z.string().optional(),
  parallel_tool_calls: z.boolean().optional(),
})
export type ModelSettings = z.infer<typeof ModelSettings>

export const OnSilence = z
  .strictObject({
    say: SpokenText.optional(),
    prompt: z.string().min(1).optional(),
    /** Re-engagements in one stretch of silence. */
    max: z.int().min(0).default(2),
  })
  .refine((silence) => !(silence.say && silence.prompt), 'takes either say or prompt, not both')
export type OnSilence = z.infer<typeof OnSilence>

export const State = z.strictObject({
  state_prompt: z.string().optional(),
  /** Spoken without a model call in the turn that enters the state, or as the opening. */
  say: SpokenText.optional(),
  tools: z.array(ToolName).default([]),
  platform_tools: PlatformTools.optional(),
  model: ModelSettings.optional(),
  on_silence: OnSilence.optional(),
  filler: OwnFiller.optional(),
  edges: z.array(Edge).default([]),
  /** An edge from every other state to this one. */
  global: Edge.omit({ to: true }).optional(),
})
export type State = z.infer<typeof State>

export const Variable = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'object', 'array']).default('string'),
  format: z.string().optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  /** Never logged and never shown. */
  sensitive: z.boolean().default(false),
})
export type Variable = z.infer<typeof Variable>

export const Flow = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, . _ or -'),
  starting_state: StateId,
  general_prompt: z.string().optional(),
  general_tools: z.array(ToolName).default([]),
  platform_tools: PlatformTools.optional(),
  default_dynamic_variables: z.record(VariableName, z.unknown()).default({}),
  variables: z.record(VariableName, Variable).default({}),
  states: z.record(StateId, State),
})
export type Flow = z.infer<typeof Flow>
