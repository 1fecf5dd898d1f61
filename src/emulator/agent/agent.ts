import type { Json } from '../rehearsal/json.ts'
import type { OfferedTool } from '../rehearsal/platform-tools.ts'

/** A tool that the agent has, whoever runs it. */
export interface AgentTool {
  readonly kind: 'system' | 'client' | 'webhook'
  readonly name: string
  /** As the request to the Custom LLM lists it. */
  readonly offered: OfferedTool
  /** Milliseconds that its result may take. */
  readonly responseTimeoutMs: number
  /** False: the conversation goes on without waiting for the client's result. Client tools only. */
  readonly expectsResponse: boolean
}

/** What came of a tool call, as the next request's history shows it. */
export interface ToolRun {
  readonly result: string
  readonly isError: boolean
}

/** An agent as `agent.yaml` describes it, ready to talk. */
export interface Agent {
  readonly id: string
  /** With `{{...}}`; empty: the agent waits for the user. */
  readonly firstMessage: string
  readonly prompt: string
  readonly language: string
  /** Names of the dynamic variables that the texts use and that only the client can give. */
  readonly neededVariables: readonly string[]
  readonly defaultVariables: Readonly<Record<string, string | number | boolean>>
  readonly tools: readonly AgentTool[]
  readonly allowsExtraBody: boolean
  /** What clients may override; the rest is refused with 1008. */
  readonly allowedOverrides: readonly ('first_message' | 'language' | 'prompt' | 'text_only')[]
  /** What happens to an extra body that is not allowed: dropped, or the conversation is refused. */
  readonly refusesExtraBody: boolean
  /** Signed URLs only. */
  readonly requiresSignedUrl: boolean
  readonly clientEvents: 'all' | 'default'
  /** Echoes what the client typed as `user_transcript`. */
  readonly echoesUserTranscript: boolean
  readonly turn: {
    /** Milliseconds of silence after which the Custom LLM is asked again; null: never. */
    readonly timeoutMs: number | null
    /** The form that silence takes in the history. */
    readonly silenceForm: 'dots' | 'assistant_tail'
    /** Asks already for the first words of a `user_message`, as if it were still being spoken. */
    readonly isSpeculative: boolean
  }
  /** Milliseconds after which a conversation ends with `max_duration_exceeded`. */
  readonly maxDurationMs: number
}

/** Who goes on with a conversation. */
export interface Handover {
  readonly agentId: string
  /** Else its Custom LLM is asked at once. */
  readonly saysFirstMessage: boolean
}

/** Runs the tools that the platform runs itself. */
export interface PlatformTools {
  /** A webhook tool's request, within its limit. Never rejects. */
  runWebhook(name: string, argumentsText: string, signal: AbortSignal): Promise<ToolRun>
  /** What a system tool reports into the history. */
  runSystem(
    name: string,
    argumentsText: string,
  ): ToolRun & {
    /** What the agent says before it acts, from the arguments; empty if nothing. */
    readonly spokenText: string
    readonly endsConversation: boolean
    readonly handover?: Handover
  }
}

/** The system message's text: prompt, `system__*` and dynamic variables filled once at the start. */
export type RenderPrompt = (template: string, variables: Json) => string
