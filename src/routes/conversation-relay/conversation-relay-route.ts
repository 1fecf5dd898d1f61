import type { FrontEnd } from '../sockets/front-end.ts'
import { createUnknownTypes, type NoteUnknownType } from '../sockets/unknown-types.ts'
import { CLOSE_CODES, type SocketPeer, type VoiceSocket } from '../sockets/voice-socket.ts'
import type { Opening } from '../sockets/voice-sockets.ts'
import { readFrame, type IncomingFrame } from './incoming-frame.ts'
import type { ConversationRelayOptions } from './options.ts'
import { createRelayConversation, type RelayConversation } from './relay-conversation.ts'
import { toRelayCall, type RelayCall } from './relay-request.ts'
import { relayAuthenticate } from './twilio-signature.ts'

/** `WS /conversation-relay`: Twilio or Telnyx dials one connection per call. */
export function conversationRelayRoute(
  frontEnd: FrontEnd,
  options: ConversationRelayOptions,
): void {
  const noteUnknown = createUnknownTypes(frontEnd.log, 'conversation_relay')
  const dependencies = { ...frontEnd, options, noteUnknown }
  frontEnd.sockets.serve({
    path: '/conversation-relay',
    platform: 'conversation_relay',
    authenticate: relayAuthenticate(options, frontEnd.authenticate),
    accept: (socket, opening) => createPeer(dependencies, { socket, opening }),
  })
}

interface Connection {
  readonly socket: VoiceSocket
  readonly opening: Opening
}

interface Begun {
  readonly call: RelayCall
  readonly conversation: RelayConversation
}

interface Dependencies extends FrontEnd {
  readonly options: ConversationRelayOptions
  readonly noteUnknown: NoteUnknownType
}

function createPeer(dependencies: Dependencies, { socket, opening }: Connection): SocketPeer {
  let begun: Begun | null = null

  function begin(frame: IncomingFrame | null): void {
    if (frame?.type !== 'setup') {
      socket.close(CLOSE_CODES.policy, 'the first frame must be setup')
      return
    }
    const call = toRelayCall(frame, opening)
    if (!call) {
      socket.close(CLOSE_CODES.invalidFrame, 'setup: names no call')
      return
    }
    begun = { call, conversation: createRelayConversation({ ...dependencies, socket, call }) }
  }

  return {
    onFrame(frame) {
      const read = readFrame(frame)
      if (read.type === 'invalid') socket.close(CLOSE_CODES.invalidFrame, read.reason)
      else if (!begun) begin(read.type === 'known' ? read.frame : null)
      else if (read.type === 'known') begun.conversation.onFrame(read.frame)
      else dependencies.noteUnknown(read.name, begun.call.id)
    },
    onDrain() {
      if (begun) begun.conversation.drain()
      else socket.close(CLOSE_CODES.stopping, 'the server stops')
    },
    conversation: () => begun?.call.id ?? null,
  }
}
