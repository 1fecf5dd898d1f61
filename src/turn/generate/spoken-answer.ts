import { createSpeechFilter } from '../../speech/speech-filter.ts'
import type { LiveTurn } from './live-turn.ts'

/** A model's answer on its way to a voice. */
interface SpokenAnswer {
  /** Takes a delta; a returned promise is the back-pressure of those who listen. */
  readonly push: (text: string) => void | Promise<void>
  /** Says what was held back: the answer is whole. Who reads on slowly does not hold up what follows. */
  readonly end: () => void
}

/** What a framework reads as a mark on the answer and takes away, though it looks like a symbol. */
const MARK = /^\s*[\u2713\u25CB\u25D0]\s*/

/** Says of an answer what may reach a voice; `onBegin` is called before its first words. */
export function createSpokenAnswer(
  { voice, settings, prepared }: Pick<LiveTurn, 'voice' | 'settings' | 'prepared'>,
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
  let hasWords = false
  const say = (text: string, mark = '') => {
    // Where all before it was taken out, the white space that is left is nothing that could be heard.
    const words = mark + (hasWords ? text : text.trimStart())
    if (words === '') return
    hasWords ||= words !== mark
    if (!hasBegun) begin()
    return voice.say('answer', words)
  }
  let mayBeMarked = prepared.request.readsMarks === true && !voice.hasAnswered()
  return {
    push(text) {
      const [mark = ''] = (mayBeMarked && MARK.exec(text)) || []
      mayBeMarked = false
      const words = filter.push(text.slice(mark.length))
      return mark === '' ? say(words) : say(words, `${mark.trim()} `)
    },
    end: () => void say(filter.end()),
  }
}
