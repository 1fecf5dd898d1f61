import type { Json } from '../../rehearsal/json.ts'
import type { Agent } from '../agent.ts'

interface ToolNote {
  readonly tool_name: string
  readonly tool_call_id: string
  readonly tool_type: 'client' | 'webhook' | 'system'
  readonly event_id: number
}

export type CloseCode = 1000 | 1002 | 1008 | 1011

/** What the agent's socket says to its client, with the payload under the key that the type has. */
export type ServerEvent =
  | {
      readonly type: 'conversation_initiation_metadata'
      readonly conversation_initiation_metadata_event: {
        readonly conversation_id: string
        readonly agent_output_audio_format: string
        readonly user_input_audio_format: string
      }
    }
  | {
      readonly type: 'ping'
      readonly ping_event: { readonly event_id: number; readonly ping_ms: number | null }
    }
  | {
      readonly type: 'user_transcript'
      readonly user_transcription_event: {
        readonly user_transcript: string
        readonly event_id: number
      }
    }
  | {
      readonly type: 'agent_chat_response_part'
      readonly text_response_part: {
        readonly text: string
        readonly type: 'start' | 'delta' | 'stop'
        readonly event_id: number
      }
    }
  | {
      readonly type: 'agent_response'
      readonly agent_response_event: { readonly agent_response: string; readonly event_id: number }
    }
  | {
      readonly type: 'agent_response_correction'
      readonly agent_response_correction_event: {
        readonly original_agent_response: string
        readonly corrected_agent_response: string
        readonly event_id: number
      }
    }
  | { readonly type: 'interruption'; readonly interruption_event: { readonly event_id: number } }
  | {
      readonly type: 'client_tool_call'
      readonly client_tool_call: {
        readonly tool_name: string
        readonly tool_call_id: string
        readonly parameters: Json
        readonly event_id: number
      }
    }
  | { readonly type: 'agent_tool_request'; readonly agent_tool_request: ToolNote }
  | {
      readonly type: 'agent_tool_response'
      readonly agent_tool_response: ToolNote & {
        readonly is_error: boolean
        readonly is_called: boolean
      }
    }
  | {
      readonly type: 'error'
      readonly error_event: {
        readonly code: CloseCode
        readonly error_type: string
        readonly message: string
        readonly reason: string
      }
    }

/** What the platform sends to a client whose agent does not name its events; errors always come. */
const DEFAULT_EVENTS: readonly ServerEvent['type'][] = [
  'conversation_initiation_metadata',
  'ping',
  'user_transcript',
  'agent_response',
  'interruption',
  'error',
]

export function isSent(choice: Agent['clientEvents'], type: ServerEvent['type']): boolean {
  return choice === 'all' || DEFAULT_EVENTS.includes(type)
}
