import type { RawData, WebSocket } from 'ws'
import type { Agent, PlatformTools, RenderPrompt } from '../agent.ts'
import { readClientFrame, type ClientEvent } from '../conversation/client-event.ts'
import {
  startConversation,
  type Conversation,
  type ConversationNeeds,
} from '../conversation/conversation.ts'
import { openSession, type Session } from '../conversation/session.ts'
import type { CustomLlm } from '../custom-llm.ts'
import { shownText } from '../shown-text.ts'
import type { EmulatorTiming } from '../timing.ts'
import { closeReason } from './close-reason.ts'

/** An agent and what it works with. */
export interface Staff {
  readonly agent: Agent
  readonly llm: CustomLlm
  readonly tools: PlatformTools
}

export interface ConnectionNeeds extends Staff {
  readonly conversationId: string
  /** The agents that this one may transfer to. */
  readonly staffOf: (agentId: string) => Staff | undefined
  readonly renderPrompt: RenderPrompt
  readonly log: (line: string) => void
  readonly timing: EmulatorTiming
}

/** Bytes that wait for a client that does not read. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024

/** Serves one client from its first frame to the end of its socket. */
export function serveClient(socket: WebSocket, needs: ConnectionNeeds): void {
  const { timing } = needs
  const log = (line: string) => needs.log(`${needs.conversationId}  ${line}`)
  const close = (code: number, reason: string) => {
    clearTimeout(firstFrame)
    log(`closing with ${code} ${shownText(reason)}`)
    socket.close(code, closeReason(reason))
  }
  let conversation: Conversation | null = null

  function open(body: unknown): Conversation | null {
    clearTimeout(firstFrame)
    const startedAt = new Date()
    const opening = openSession(body, { ...needs, startedAt })
    if (!opening.ok) {
      close(1008, `${opening.refusal.errorType}: ${opening.refusal.message}`)
      return null
    }
    log(`started with agent ${needs.agent.id}`)
    for (const note of opening.notes) log(note)
    const transfer = transferOf(body, { ...needs, startedAt })
    conversation = converse(socket, opening.session, { ...needs, log, close, transfer })
    return conversation
  }

  function take(event: ClientEvent): void {
    if (conversation) conversation.take(event)
    else if (event.type === 'conversation_initiation_client_data') open(event.body)
    else open({})?.take(event)
  }

  function refuse(reason: string): void {
    if (conversation) conversation.refuse(reason)
    else close(1008, `invalid_message: ${reason}`)
  }

  const firstFrame = setTimeout(() => {
    log('no first frame: the conversation starts without it')
    open({})
  }, timing.firstFrameLimitMs)
  const receive = setTimeout(() => {
    close(1002, 'transport_receive_timeout: nothing came from the client')
  }, timing.receiveLimitMs)

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return
    receive.refresh()
    if (isBinary) {
      refuse('Frames must be text.')
      return
    }
    const frame = readClientFrame((data as Buffer).toString()) // the form of `nodebuffer`, the default
    if (frame.kind === 'event') take(frame.event)
    else if (frame.kind === 'invalid') refuse(frame.reason)
    else log(`event ${shownText(frame.type)} is unknown: ignored`)
  })
  socket.on('error', (error) => log(`socket: ${shownText(error.message)}`))
  socket.once('close', (code, reason) => {
    for (const timer of [firstFrame, receive]) clearTimeout(timer)
    conversation?.end()
    log(`closed with ${code} ${shownText(reason.toString())}`.trimEnd())
  })
}

/** The other agents, for a client that began with this first frame. */
function transferOf(
  body: unknown,
  needs: ConnectionNeeds & { readonly startedAt: Date },
): ConversationNeeds['transfer'] {
  return (agentId) => {
    const staff = needs.staffOf(agentId)
    const transferredFrom = needs.agent.id
    return (
      staff && { ...staff, opening: openSession(body, { ...needs, ...staff, transferredFrom }) }
    )
  }
}

function converse(
  socket: WebSocket,
  session: Session,
  needs: ConnectionNeeds &
    Pick<ConversationNeeds, 'transfer'> & {
      readonly close: (code: number, reason: string) => void
    },
): Conversation {
  return startConversation({
    ...needs,
    session,
    line: {
      send: (event) => {
        if (socket.readyState !== socket.OPEN) return
        socket.send(JSON.stringify(event))
        if (socket.bufferedAmount <= MAX_BUFFERED_BYTES) return
        needs.log('the client does not read: cut off')
        socket.terminate()
      },
      close: needs.close,
    },
  })
}
