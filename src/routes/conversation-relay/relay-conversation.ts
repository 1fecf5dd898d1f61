import { createKeyInput, createUtterance } from './caller-input.ts'
import type { IncomingFrame } from './incoming-frame.ts'
import { createRelayAnswers, type RelayDependencies } from './relay-answers.ts'

/** A call on one connection. */
export interface RelayConversation {
  onFrame(frame: IncomingFrame): void
  drain(): void
}

/** Takes the frames of a call after its setup. */
export function createRelayConversation(dependencies: RelayDependencies): RelayConversation {
  const { log, options, socket, call } = dependencies
  const answers = createRelayAnswers(dependencies)
  const utterance = createUtterance()
  const keys = createKeyInput({
    gapMs: options.dtmf_gap_ms,
    onInput: (digits) => void answers.answer({ texts: [digits], language: null }),
    gone: socket.gone,
  })

  function hear(text: string, language: string | null): void {
    const texts = [keys.take(), text].filter((each) => each !== '')
    if (texts.length > 0) void answers.answer({ texts, language })
  }

  function take(frame: IncomingFrame): void {
    switch (frame.type) {
      case 'setup':
        break
      case 'prompt':
        utterance.add(frame.voicePrompt)
        if (frame.last !== false) hear(utterance.take(), frame.lang ?? null)
        break
      case 'dtmf':
        keys.press(frame.digit)
        break
      case 'interrupt':
        answers
          .interrupt(frame.utteranceUntilInterrupt ?? null)
          .catch((err: unknown) => log.error({ err }, 'an interruption could not be noted'))
        break
      case 'error':
        log.warn({ conversation: call.id }, 'the platform reports an error')
        // It can quote a frame, with what was said in it.
        log.debug({ description: frame.description }, 'what the platform reports')
    }
  }

  if (options.first_speaker === 'agent') {
    answers.open().catch((err: unknown) => log.error({ err }, 'a call could not be opened'))
  }

  return {
    onFrame(frame) {
      if (!answers.hasEnded()) take(frame)
    },
    drain: () => answers.drain(),
  }
}
