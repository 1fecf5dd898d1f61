import { isRecord } from '../../rehearsal/json.ts'
import type { Agent, PlatformTools } from '../agent.ts'
import type { CustomLlm } from '../custom-llm.ts'
import { shownText } from '../shown-text.ts'
import type { EmulatorTiming } from '../timing.ts'
import { createClientCalls } from './client-calls.ts'
import type { ClientEvent } from './client-event.ts'
import { createDialogue } from './dialogue.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createHistory } from './history.ts'
import { createOutbox, type Failure, type Line } from './outbox.ts'
import { createParties, type Transfer } from './parties.ts'
import type { Session } from './session.ts'
import { takeEvent } from './take-event.ts'

export interface ConversationNeeds {
  readonly agent: Agent
  readonly session: Session
  readonly llm: CustomLlm
  readonly tools: PlatformTools
  readonly transfer: Transfer
  readonly line: Line
  readonly log: (line: string) => void
  readonly timing: EmulatorTiming
}

/** One conversation, from its first frame on; it knows no socket. */
export interface Conversation {
  readonly take: (event: ClientEvent) => void
  /** The client broke the protocol. */
  readonly refuse: (message: string) => void
  /** The client has gone: everything stops. */
  readonly end: () => void
}

export function startConversation(needs: ConversationNeeds): Conversation {
  const { agent, session, timing } = needs
  const outbox = createOutbox(needs.line, agent.clientEvents)
  const heartbeat = createHeartbeat(outbox, timing.pingIntervalMs)
  const clientCalls = createClientCalls()
  const history = createHistory(session.systemText)
  let early: ClientEvent[] | null = []
  let isOver = false
  let grace: NodeJS.Timeout | undefined

  const dialogue = createDialogue({
    ...{ outbox, clientCalls, history, log: needs.log },
    typingIntervalMs: timing.typingIntervalMs,
    ...createParties({ ...needs, question: session.question }, { ...needs, history, fail }),
    onOver: (over) => {
      stop()
      if (over.kind === 'failed') {
        outbox.fail(failureOf(over.error, needs.log))
        return
      }
      // Clients close by themselves once they hear of `end_call`.
      const graceMs = outbox.isWanted('agent_tool_response') ? timing.endCallGraceMs : 0
      grace = setTimeout(() => outbox.close(1000, 'end_call: the agent ended the call'), graceMs)
    },
  })

  function open(): void {
    dialogue.greet(session.firstMessage)
    heartbeat.start()
    const waiting = early ?? []
    early = null
    for (const event of waiting) take(event)
  }

  function take(event: ClientEvent): void {
    if (isOver) return
    if (early) early.push(event)
    else takeEvent(event, { heartbeat, clientCalls, dialogue, log: needs.log })
  }

  function stop(): void {
    isOver = true
    for (const timer of [opening, maximum]) clearTimeout(timer)
    heartbeat.stop()
    dialogue.stop()
  }

  function fail(failure: Failure): void {
    if (isOver) return
    stop()
    outbox.fail(failure)
  }

  outbox.send(metadata(session.question.conversationId))
  const opening = setTimeout(open, timing.gapAfterMetadataMs)
  const maximum = setTimeout(() => fail(TOO_LONG), agent.maxDurationMs)
  return {
    take,
    refuse: (message) => fail({ code: 1008, errorType: 'invalid_message', message }),
    end: () => {
      clearTimeout(grace)
      stop()
    },
  }
}

/** Clients need both formats even for text. */
function metadata(conversationId: string) {
  return {
    type: 'conversation_initiation_metadata',
    conversation_initiation_metadata_event: {
      conversation_id: conversationId,
      agent_output_audio_format: 'pcm_16000',
      user_input_audio_format: 'pcm_16000',
    },
  } as const
}

const TOO_LONG = {
  code: 1000,
  errorType: 'max_duration_exceeded',
  message: 'The conversation reached its maximum duration.',
} as const

/** A `CustomLlmFailure`, or a fault of the emulator's own. */
function failureOf(error: unknown, log: (line: string) => void): Failure {
  const { type, errorType, reason } = isRecord(error) ? error : {}
  if (type !== 'custom-llm-failure') {
    log(`fault of the emulator: ${shownText(String(error))}`)
    return { code: 1011, errorType: 'unknown_websocket_crash', message: 'The emulator failed.' }
  }
  return { code: 1002, errorType: String(errorType), message: String(reason) }
}
