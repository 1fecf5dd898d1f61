import type { Json } from '../rehearsal/json.ts'
import type { RenderPrompt } from './agent.ts'

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g

/** What stands for nothing stays as it is written, which is also what real requests show. */
export const renderPrompt: RenderPrompt = (template, variables) =>
  // One pass: a value is not read for names of its own.
  template.replace(PLACEHOLDER, (whole, name: string) => valueOf(variables, name.trim()) ?? whole)

export const SYSTEM = 'system__'
/** Variables that reach headers only, never a body. */
export const SECRET = 'secret__'

/** The names between double braces, each once. */
export function placeholdersIn(text: string): readonly string[] {
  const names = Array.from(text.matchAll(PLACEHOLDER), ([, name = '']) => name.trim())
  return [...new Set(names)]
}

interface ConversationFacts {
  readonly conversationId: string
  /** With which the conversation began. */
  readonly agentId: string
  readonly currentAgentId: string
  readonly isTextOnly: boolean
  readonly startedAt: Date
}

/** What a typed conversation knows when it starts; nobody called, so there is no `system__caller_id`. */
export function systemVariables({
  conversationId,
  agentId,
  currentAgentId,
  isTextOnly,
  startedAt,
}: ConversationFacts): Readonly<Record<string, string | number | boolean>> {
  return {
    system__conversation_id: conversationId,
    system__agent_id: agentId,
    system__current_agent_id: currentAgentId,
    system__time_utc: startedAt.toISOString(),
    system__timezone: 'UTC',
    system__call_duration_secs: 0,
    system__agent_turns: 0,
    system__is_text_only: isTextOnly,
  }
}

function valueOf(variables: Json, name: string): string | undefined {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined
}
