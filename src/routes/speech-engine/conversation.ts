import type { FrontEnd } from '../sockets/front-end.ts'
import { createFrameSender } from '../sockets/frame-sender.ts'
import type { NoteUnknownType } from '../sockets/unknown-types.ts'
import { CLOSE_CODES, type SocketPeer, type VoiceSocket } from '../sockets/voice-socket.ts'
import { createAnswers } from './answers.ts'
import { OutgoingFrame, readFrame, type IncomingFrame, type Transcript } from './frames.ts'

/** The platform said that the conversation is over: nobody is to dial again. */
const OVER = 1000
/** Of what the platform tells, for the log. */
const MAX_LOGGED_CHARACTERS = 200

/** One conversation of the Speech Engine: transcripts come in, answers to the newest one go out. */
export function createConversation(
  frontEnd: FrontEnd,
  socket: VoiceSocket,
  noteUnknown: NoteUnknownType,
): SocketPeer {
  const { log } = frontEnd
  const send = createFrameSender(OutgoingFrame, { socket, platform: 'speech_engine', log })
  const answers = createAnswers({ frontEnd, socket, send })
  let conversation: string | null = null

  function begin(id: string): void {
    conversation ??= id
    if (conversation !== id)
      socket.close(CLOSE_CODES.policy, 'a connection is for one conversation')
  }

  function answer(transcript: Transcript): void {
    if (conversation === null)
      socket.close(CLOSE_CODES.policy, 'init must come before any transcript')
    else answers.answer(conversation, transcript)
  }

  function receive(frame: IncomingFrame): void {
    switch (frame.type) {
      case 'init':
        begin(frame.conversation_id)
        break
      case 'user_transcript':
        answer(frame)
        break
      case 'ping':
        void send({ type: 'pong' }) // never rejects
        break
      case 'close':
        socket.close(OVER, 'the conversation is over')
        break
      case 'error':
        log.warn({ conversation }, 'the platform reports an error')
        // It can quote what was said.
        log.debug({ conversation, message: logged(frame.message) }, 'what the platform reports')
    }
  }

  return {
    conversation: () => conversation,
    onDrain: () => answers.drain(),
    onFrame(json) {
      const read = readFrame(json)
      if (read.type === 'frame') receive(read.frame)
      else if (read.type === 'unknown') noteUnknown(read.name, conversation)
      else socket.close(CLOSE_CODES.invalidFrame, `${read.where} is missing or has a wrong type`)
    },
  }
}

function logged(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_LOGGED_CHARACTERS)
}
