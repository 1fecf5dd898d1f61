import type { FrontEnd } from '../sockets/front-end.ts'
import { createSocketTurns } from '../sockets/socket-turns.ts'
import { CLOSE_CODES, type VoiceSocket } from '../sockets/voice-socket.ts'
import type { ConversationRelayOptions } from './options.ts'
import { toPlatformTools } from './relay-actions.ts'
import { toTurnRequest, type RelayCall, type Said } from './relay-request.ts'
import { createRelaySpeaker, type Outcome } from './relay-speaker.ts'
import { createUnanswered } from './unanswered.ts'

export interface RelayDependencies extends Omit<FrontEnd, 'app' | 'sockets' | 'authenticate'> {
  readonly options: ConversationRelayOptions
  readonly socket: VoiceSocket
  readonly call: RelayCall
}

/** What is said on one connection: an answer to the newest that the caller said. */
export interface RelayAnswers {
  /** Never rejects. */
  answer(said: Said): Promise<void>
  /** Speaks first, unless something was said in this call already. */
  open(): Promise<void>
  /** The caller spoke over what was said; null: nobody knows what was heard. */
  interrupt(heard: string | null): Promise<void>
  drain(): void
  /** The platform was told to end the session: nothing is said any more. */
  hasEnded(): boolean
}

/** Of one answer: each is asked for after the platform did something for the one before. */
const MAX_FOLLOW_UPS = 4
const NOTHING: Said = { texts: [], language: null }

export function createRelayAnswers(dependencies: RelayDependencies): RelayAnswers {
  const { engine, log, options, socket, call } = dependencies
  const { actions } = options
  const speaker = createRelaySpeaker({ socket, actions, log })
  const leave = () => socket.close(CLOSE_CODES.stopping, 'the server stops')
  const unanswered = createUnanswered()
  const turns = createSocketTurns({
    ...dependencies,
    engine: { ...engine, begin: (request) => unanswered.begin(engine, request) },
    gone: socket.gone,
    leave,
  })
  const tools = toPlatformTools(actions)
  const toRequest = (said: Said) => toTurnRequest(call, said, tools)
  /** The newest answer; null once the caller spoke over it. */
  let newest: Outcome | null = null
  let isUntouched = true

  async function answer(said: Said): Promise<void> {
    const outcome: Outcome = { hasBegun: false, goesOn: false }
    const isNewest = () => newest === outcome
    newest = outcome
    isUntouched = false
    unanswered.add(said.texts)
    speaker.closeText()
    let next = said
    for (let round = 0; round <= MAX_FOLLOW_UPS; round++) {
      await turns.answer(toRequest(next), speaker.answer(outcome))
      if (!outcome.goesOn || !isNewest() || socket.gone.aborted) return
      next = { ...NOTHING, language: said.language }
    }
  }

  return {
    answer,
    async open() {
      const isKnown = await engine.isKnown(toRequest(NOTHING))
      // The platform has connected anew, or the caller was faster.
      if (!isKnown && isUntouched) await answer(NOTHING)
    },
    async interrupt(heard) {
      isUntouched = false
      // What was not begun was not spoken over, and still wants an answer.
      if (newest?.hasBegun) {
        newest = null
        turns.stop()
      }
      speaker.forgetText()
      // Before anything was said here, it was the platform's own greeting.
      await engine.interrupted(call, speaker.hasSpoken() ? heard : null)
    },
    drain: () => turns.drain(),
    hasEnded: () => speaker.hasEnded(),
  }
}
