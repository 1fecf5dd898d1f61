import { z } from 'zod'
import { isRecord, type Json } from '../../rehearsal/json.ts'
import type { Agent, RenderPrompt } from '../agent.ts'
import type { Question } from '../custom-llm.ts'
import { SECRET, SYSTEM, systemVariables } from '../prompt.ts'

type Variables = Question['dynamicVariables']

const Initiation = z.object({
  conversation_config_override: z.record(z.string(), z.unknown()).nullish(),
  custom_llm_extra_body: z.record(z.string(), z.unknown()).nullish(),
  dynamic_variables: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).nullable())
    .nullish(),
  user_id: z.string().nullish(),
})
type Initiation = z.infer<typeof Initiation>

/** What is settled for a conversation once the client's first frame is read. */
export interface Session {
  /** Empty: the agent waits for the user. */
  readonly firstMessage: string
  readonly systemText: string
  /** All of a request to the Custom LLM but its messages. */
  readonly question: Omit<Question, 'messages'>
}

interface Refusal {
  readonly errorType:
    | 'invalid_message'
    | 'override_error'
    | 'missing_dynamic_variable'
    | 'missing_dynamic_variable_transfer'
  readonly message: string
}

export type Opening =
  | { readonly ok: true; readonly session: Session; readonly notes: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal }

interface OpeningNeeds {
  readonly agent: Agent
  readonly conversationId: string
  readonly renderPrompt: RenderPrompt
  readonly startedAt: Date
  /** The agent that the client called, if another one goes on; what it overrode was that one's. */
  readonly transferredFrom?: string
}

/** The session that a first frame opens, or why the platform would close the socket with 1008. */
export function openSession(body: unknown, needs: OpeningNeeds): Opening {
  const parsed = Initiation.safeParse(body)
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? ''
    return refused('invalid_message', `conversation_initiation_client_data.${path} is wrong.`)
  }
  const { agent } = needs
  const isTransfer = needs.transferredFrom !== undefined
  const overrides = overridesIn(parsed.data.conversation_config_override ?? {})
  const forbidden = !isTransfer && overrides.find(({ name }) => !isAllowed(agent, name))
  if (forbidden) {
    return refused('override_error', `The agent does not allow clients to set ${forbidden.name}.`)
  }
  const extraBody = parsed.data.custom_llm_extra_body ?? undefined
  const isDropped = hasKeys(extraBody) && !agent.allowsExtraBody
  if (isDropped && agent.refusesExtraBody && !isTransfer) {
    return refused('override_error', 'The agent does not allow custom_llm_extra_body.')
  }
  const given = { ...agent.defaultVariables, ...clientVariables(parsed.data) }
  const missing = agent.neededVariables.filter((name) => !Object.hasOwn(given, name))
  if (missing.length > 0) {
    const errorType = isTransfer ? 'missing_dynamic_variable_transfer' : 'missing_dynamic_variable'
    return refused(errorType, `Missing dynamic variables: ${missing.join(', ')}.`)
  }
  const notes = isDropped ? ['custom_llm_extra_body dropped: the agent does not allow it'] : []
  return { ok: true, session: toSession(parsed.data, { ...needs, overrides, given }), notes }
}

function toSession(
  { custom_llm_extra_body: extraBody, user_id: userId }: Initiation,
  needs: OpeningNeeds & { readonly overrides: readonly Override[]; readonly given: Variables },
): Session {
  const { agent, overrides, transferredFrom } = needs
  const isTextOnly = valueOf(overrides, 'text_only') === true
  const variables = {
    ...needs.given,
    ...systemVariables({
      ...needs,
      ...{ agentId: transferredFrom ?? agent.id, currentAgentId: agent.id, isTextOnly },
    }),
  }
  const inTexts = Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.startsWith(SECRET)),
  )
  const textOf = (name: string, own: string) => {
    const value = transferredFrom === undefined ? valueOf(overrides, name) : null
    return needs.renderPrompt(typeof value === 'string' ? value : own, inTexts)
  }
  return {
    firstMessage: textOf('first_message', agent.firstMessage),
    systemText: textOf('prompt', agent.prompt),
    question: {
      conversationId: needs.conversationId,
      dynamicVariables: variables,
      ...(extraBody && agent.allowsExtraBody && { extraBody }),
      ...(userId != null && { userId }),
    },
  }
}

function refused(errorType: Refusal['errorType'], message: string): Opening {
  return { ok: false, refusal: { errorType, message } }
}

interface Override {
  readonly name: string
  readonly value: unknown
}

/** Names by their place, but for those that `Agent.allowedOverrides` has a name for. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  'agent.first_message': 'first_message',
  'agent.language': 'language',
  'agent.prompt.prompt': 'prompt',
  'conversation.text_only': 'text_only',
}

/** What a client really overrides: it sends the empty shape, nulls and `text_only: false` too. */
function overridesIn(value: Json, path: readonly string[] = []): readonly Override[] {
  return Object.entries(value).flatMap(([key, inner]): readonly Override[] => {
    const place = [...path, key]
    if (isRecord(inner) && place.length <= 3) return overridesIn(inner, place)
    const name = OWN_NAMES[place.join('.')] ?? place.join('.')
    if (inner === null || (name === 'text_only' && inner === false)) return []
    return [{ name, value: inner }]
  })
}

function isAllowed(agent: Agent, name: string): boolean {
  return agent.allowedOverrides.some((allowed) => allowed === name)
}

function valueOf(overrides: readonly Override[], name: string): unknown {
  return overrides.find((override) => override.name === name)?.value
}

function hasKeys(value: Json | undefined): boolean {
  return value !== undefined && Object.keys(value).length > 0
}

/** `system__*` is the platform's. */
function clientVariables({ dynamic_variables: variables }: Initiation): Variables {
  return Object.fromEntries(
    Object.entries(variables ?? {}).flatMap(([name, value]) =>
      value === null || name.startsWith(SYSTEM) ? [] : [[name, value] as const],
    ),
  )
}
