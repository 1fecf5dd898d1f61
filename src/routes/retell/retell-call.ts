import type { FrontEnd } from '../sockets/front-end.ts'
import { createFrameSender } from '../sockets/frame-sender.ts'
import type { NoteUnknownType } from '../sockets/unknown-types.ts'
import { CLOSE_CODES, type SocketPeer, type VoiceSocket } from '../sockets/voice-socket.ts'
import type { Opening } from '../sockets/voice-sockets.ts'
import { wasUnderWay } from './call-data.ts'
import { createTurnRequests, type TurnRequests } from './turn-requests.ts'
import { createGreeting, type Greeting } from './greeting.ts'
import { toInterruptFrames } from './interrupt-frames.ts'
import type { CallName, Interruption, LiveCalls } from './live-calls.ts'
import type { RetellAction, RetellOptions } from './options.ts'
import { readFrame, type IncomingFrame, type RetellRequest } from './incoming-frame.ts'
import { hasAgentSpeech } from './read-transcript.ts'
import { createResponder, type Responder } from './responder.ts'
import { CONFIG, NO_GREETING, OutgoingFrame, type SendFrame } from './outgoing-frame.ts'

interface Dependencies extends Pick<FrontEnd, 'engine' | 'gate' | 'withTurnLog' | 'log'> {
  readonly options: RetellOptions
  readonly actions: ReadonlyMap<string, RetellAction>
  readonly calls: LiveCalls
  readonly noteUnknown: NoteUnknownType
}

interface Line extends Opening, CallName {
  readonly socket: VoiceSocket
}

/**
 * One connection of a call, which ends when the call is dialled again. Retell numbers its requests, and
 * only the newest is answered.
 */
export function openRetellCall(line: Line, dependencies: Dependencies): SocketPeer {
  const { socket, callId } = line
  const { calls, log } = dependencies
  const send = createFrameSender(OutgoingFrame, { socket, platform: 'retell', log })
  void send(CONFIG)
  const requests = createTurnRequests({ ...line, actions: dependencies.actions })
  const { greeting, responder } = createVoice(line, { ...dependencies, send, requests })
  let newest = -1

  function answer(asked: RetellRequest): void {
    if (asked.id <= newest) {
      log.info({ conversation: callId, responseId: asked.id, newest }, 'an old request is ignored')
      return
    }
    newest = asked.id
    greeting.skip()
    run(line, log, responder.respond(asked.id, requests.of(asked, calls.interruptionsOf(line))))
  }

  function beSilent(): void {
    responder.silence()
    greeting.skip()
  }

  /** Something was said before this connection: it is not the first one of its call. */
  function resume(): void {
    if (!greeting.hasBegun()) beSilent()
  }

  function interrupt(interruption: Interruption, interruptId: number): void {
    beSilent()
    for (const frame of toInterruptFrames(interruption, interruptId)) void send(frame)
  }

  // Retell hears nothing on a line that it has given up, and what still comes from there is old.
  const forget = calls.connect(line, { interrupt, replaced: () => socket.drop() })
  socket.gone.addEventListener('abort', forget, { once: true })

  function take(frame: IncomingFrame): void {
    switch (frame.type) {
      case 'ping':
        void send({ response_type: 'ping_pong', timestamp: frame.timestamp ?? Date.now() })
        return
      case 'call':
        requests.told(frame.call)
        if (wasUnderWay(frame.call)) resume()
        else greeting.callKnown()
        return
      case 'update':
        if (!greeting.hasBegun() && hasAgentSpeech(frame.items)) beSilent()
        return
      case 'request':
        answer(frame)
        return
      case 'unknown':
        dependencies.noteUnknown(frame.name, callId)
        return
      case 'invalid':
        socket.close(CLOSE_CODES.invalidFrame, frame.problem)
    }
  }

  return {
    onFrame: (frame) => take(readFrame(frame)),
    onDrain: () => responder.drain(),
    conversation: () => callId,
  }
}

interface VoiceDependencies extends Dependencies {
  readonly send: SendFrame
  readonly requests: TurnRequests
}

/** Who speaks on the line, and what is said first. */
function createVoice(
  line: Line,
  dependencies: VoiceDependencies,
): { readonly greeting: Greeting; readonly responder: Responder } {
  const { socket, callId } = line
  const { engine, log, options, requests, send } = dependencies
  const responder = createResponder({
    ...dependencies,
    socket,
    send(frame) {
      if (frame.response_type === 'response' && frame.response_id === 0) greeting.begun()
      return send(frame)
    },
    showsTools: options.show_tool_calls,
  })
  const greeting = createGreeting({
    options,
    isKnown: () =>
      engine.isKnown(requests.opening()).catch((err: unknown) => {
        log.warn({ err, conversation: callId }, 'nobody knows whether the call is new')
        return false
      }),
    sayNothing: () => void send(NO_GREETING),
    speak: () => responder.respond(0, requests.opening()),
    gone: socket.gone,
  })
  run(line, log, greeting.ended)
  return { greeting, responder }
}

/** What breaks ends the connection: a caller must not be left in silence. */
function run({ socket, callId }: Line, log: FrontEnd['log'], work: Promise<void>): void {
  work.catch((err: unknown) => {
    log.error({ err, conversation: callId }, 'a call broke')
    socket.close(CLOSE_CODES.internal, 'the server made a mistake')
  })
}
