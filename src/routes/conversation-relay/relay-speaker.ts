import type { Log } from '../../observability/log.ts'
import type { Speaker } from '../sockets/socket-turns.ts'
import type { VoiceSocket } from '../sockets/voice-socket.ts'
import type { RelayAction } from './options.ts'
import { createFrameSender } from '../sockets/frame-sender.ts'
import { OutgoingFrame } from './outgoing-frame.ts'
import { toActionFrame } from './relay-actions.ts'

interface SpeakerDependencies {
  readonly socket: Pick<VoiceSocket, 'send' | 'flushed'>
  readonly actions: Readonly<Record<string, RelayAction>>
  readonly log: Log
}

/** What an answer led to. */
export interface Outcome {
  /** Something of it has left. */
  hasBegun: boolean
  /** It had the platform do something, and did not end the session: there may be more to say. */
  goesOn: boolean
}

/** How answers of one connection leave, as frames of the platform. */
export interface RelaySpeaker {
  answer(outcome: Outcome): Speaker
  /** Ends a text that nothing will be added to, if there is one. */
  closeText(): void
  /** The platform has stopped what was being said by itself. */
  forgetText(): void
  /** Something was said on this connection. */
  hasSpoken(): boolean
  /** The session is over: the platform was told to end it. */
  hasEnded(): boolean
}

export function createRelaySpeaker({ socket, actions, log }: SpeakerDependencies): RelaySpeaker {
  const sendChecked = createFrameSender(OutgoingFrame, {
    socket,
    platform: 'conversation_relay',
    log,
  })
  let isTextOpen = false
  let hasSpoken = false
  let hasEnded = false

  function send(frame: OutgoingFrame): void | Promise<void> {
    if (hasEnded) return
    hasSpoken = true
    if (frame.type === 'text') isTextOpen = !frame.last
    const sent = sendChecked(frame)
    hasEnded = frame.type === 'end'
    return sent
  }

  function closeText(): void {
    if (isTextOpen) void send({ type: 'text', token: '', last: true })
  }

  return {
    answer(outcome) {
      outcome.goesOn = false
      return {
        onText(token) {
          outcome.hasBegun = true
          return send({ type: 'text', token, last: false })
        },
        onCall({ name, arguments: given }) {
          const action = Object.hasOwn(actions, name) ? actions[name] : undefined
          const frame = action && toActionFrame(action, given)
          outcome.hasBegun = true
          // What was said is said before anything else happens.
          closeText()
          // At once: from now on it counts as done, even if the caller speaks over the answer's end.
          if (frame) void send(frame)
          else log.warn({ action: name }, 'an action that the platform cannot do')
          outcome.goesOn = !hasEnded
        },
        async onEnd() {
          closeText()
          await socket.flushed()
        },
      }
    },
    closeText,
    forgetText() {
      isTextOpen = false
    },
    hasSpoken: () => hasSpoken,
    hasEnded: () => hasEnded,
  }
}
