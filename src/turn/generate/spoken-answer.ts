import { createSpeechFilter } from '../../speech/speech-filter.ts'
import type { LiveTurn } from './live-turn.ts'

/** A model's answer on its way to a voice. */
interface SpokenAnswer {
  /** Takes a delta; a returned promise is the back-pressure of those who listen. */
  readonly push: (text: string) => void | Promise<void>
  /** Says what was held back: the answer is whole. Who reads on slowly does not hold up what follows. */
  readonly end: () => void
}

/** Says of an answer what may reach a voice; `onBegin` is called before its first words. */
export function createSpokenAnswer(
  { voice, settings }: Pick<LiveTurn, 'voice' | 'settings'>,
  onBegin: () => void,
): SpokenAnswer {
  let hasBegun = false
  const begin = () => {
    hasBegun = true
    onBegin()
  }
  if (!settings.speech.strip_markdown) {
    return {
      push(text) {
        if (!hasBegun) begin()
        return voice.say('answer', text)
      },
      end: () => undefined,
    }
  }
  const filter = createSpeechFilter({ allow: settings.speech.allow })
  const say = (text: string) => {
    if (hasBegun) return voice.say('answer', text)
    // Where all before it was taken out, the white space that is left is nothing that could be heard.
    const words = text.trimStart()
    if (words === '') return
    begin()
    return voice.say('answer', words)
  }
  return { push: (text) => say(filter.push(text)), end: () => void say(filter.end()) }
}
