import type { Json } from '../../rehearsal/json.ts'
import { shownText } from '../shown-text.ts'
import type { ClientCalls } from './client-calls.ts'
import type { ClientEvent } from './client-event.ts'
import type { Dialogue, Speech } from './dialogue.ts'
import type { Heartbeat } from './heartbeat.ts'

interface Parts {
  readonly heartbeat: Heartbeat
  readonly clientCalls: ClientCalls
  readonly dialogue: Dialogue
  readonly log: (line: string) => void
}

type Multimodal = Extract<ClientEvent, { type: 'multimodal_message' }>

/** What becomes of an event that a client sent. */
export function takeEvent(event: ClientEvent, parts: Parts): void {
  const { dialogue, log } = parts
  switch (event.type) {
    case 'user_message':
      hear(event.text ?? '', event.text ?? '', parts)
      return
    case 'multimodal_message':
      hear(event.text?.text ?? '', toContent(event), parts)
      return
    case 'contextual_update':
      dialogue.addContext(event.text)
      return
    case 'user_activity':
      dialogue.userIsActive()
      return
    case 'client_tool_result': {
      const run = { result: event.result, isError: event.is_error ?? false }
      if (parts.clientCalls.take(event.tool_call_id, run)) return
      log(`client_tool_result ${shownText(event.tool_call_id)}: nothing waits for it`)
      return
    }
    case 'pong':
      parts.heartbeat.takePong(event.event_id)
      return
    case 'feedback':
      log(`feedback ${event.score ?? 'withdrawn'} on event ${event.event_id ?? '-'}`)
      return
    case 'conversation_initiation_client_data':
      log('conversation_initiation_client_data came too late: it must be the first frame')
      return
    case 'user_audio_chunk':
    case 'mcp_tool_approval_result':
      return
  }
}

function hear(text: string, content: Speech['content'], { dialogue, log }: Parts): void {
  if (content.length === 0) {
    log('a message without content: no turn')
    return
  }
  log(`user: ${shownText(text)}`)
  dialogue.userSays({ text, content })
}

function toContent({ text, file, files }: Multimodal): readonly Json[] {
  const words = text?.text ?? ''
  return [
    ...(words === '' ? [] : [{ type: 'text', text: words }]),
    ...[...(file ? [file] : []), ...(files ?? [])].map(({ file_id }) => ({
      type: 'file',
      file: { file_id },
    })),
  ]
}
