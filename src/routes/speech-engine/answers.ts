import type { FrontEnd } from '../sockets/front-end.ts'
import { createSocketTurns, type Speaker } from '../sockets/socket-turns.ts'
import { CLOSE_CODES, type VoiceSocket } from '../sockets/voice-socket.ts'
import type { SendFrame, Transcript } from './frames.ts'
import { toTurnRequest } from './to-turn-request.ts'

/** Of an answer that is kept to be said again; a spoken one has some hundred. */
const MAX_KEPT_CHARACTERS = 20_000

interface Dependencies {
  readonly frontEnd: FrontEnd
  readonly socket: VoiceSocket
  readonly send: SendFrame
}

/** What is said on a connection: to the newest transcript only, and each answer has one end. */
export interface Answers {
  answer(conversationId: string, transcript: Transcript): void
  readonly drain: () => void
}

interface Answer {
  readonly eventId: number
  /** Not all of what is too long to be kept. */
  text: string
  /** It may be said again: nothing of it is missing, and it has not failed. */
  isKept: boolean
}

/** Keeps the last answer, as the platform asks again under the same id and wants the same words. */
export function createAnswers({ frontEnd, socket, send }: Dependencies): Answers {
  const { log } = frontEnd
  const turns = createSocketTurns({
    ...frontEnd,
    gone: socket.gone,
    leave: () => socket.close(CLOSE_CODES.stopping, 'the server is stopping'),
  })
  let newest: Answer | null = null
  let isRepeating = false

  function speaker(answer: Answer): Speaker {
    return {
      onText(content) {
        if (content === '') return
        if (answer.text.length <= MAX_KEPT_CHARACTERS) answer.text += content
        return send(toFrame(answer, content))
      },
      // None is ever offered: the platform runs no tools.
      onCall: () => undefined,
      async onEnd({ isSuperseded, isFailed }) {
        const isWhole = answer.text.length <= MAX_KEPT_CHARACTERS
        answer.isKept = isWhole && !isSuperseded && !isFailed
        await send(toFrame(answer, ''))
        await socket.flushed()
      },
    }
  }

  /** What is being said goes on, and what was said is said again; false if it is not known. */
  function repeat(answer: Answer): boolean {
    if (turns.isAnswering() || isRepeating) return true
    if (!answer.isKept) return false
    isRepeating = true
    // All of it at once, so that nothing can come between; sending never rejects.
    void send(toFrame(answer, answer.text))
    void send(toFrame(answer, ''))
    void socket.flushed().then(() => (isRepeating = false))
    return true
  }

  return {
    drain: () => turns.drain(),
    answer(conversation, { event_id: event, user_transcript: transcript }) {
      if (newest && event < newest.eventId) {
        log.info({ conversation, event, newest: newest.eventId }, 'older transcript ignored')
        return
      }
      if (newest?.eventId === event && repeat(newest)) {
        log.info({ conversation, event }, 'transcript asked again')
        return
      }
      newest = { eventId: event, text: '', isKept: false }
      void turns.answer(toTurnRequest(conversation, transcript), speaker(newest)) // never rejects
    },
  }
}

/** No text is the end of the answer. */
function toFrame({ eventId }: Answer, content: string) {
  return { type: 'agent_response', content, event_id: eventId, is_final: content === '' } as const
}
