import { appendText, type JournalTurn } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import type { ModelToolCall } from '../../upstream/upstream.ts'
import type { ServerToolEvent } from '../turn.ts'
import type { Audience } from './audience.ts'

/** The turn's way to those who listen: what leaves here is journalled. */
export interface Voice {
  /** Says text; a returned promise is the listeners' back-pressure. */
  say(type: 'answer' | 'filler', text: string): void | Promise<void>
  /** Sends a platform call, whole. */
  call(call: ModelToolCall): void | Promise<void>
  /** Shows what one of the server's own tools does. */
  showTool(event: ServerToolEvent): void
  /** The next text begins a sentence of its own. */
  startSentence(): void
  /** Some text or call was sent that is more than a filler. */
  hasAnswered(): boolean
}

/** Half a day of speech: whoever says more has run wild. */
const MAX_CHARACTERS = 400_000

/** `onSaid`: called after each text and call. */
export function createVoice(
  turn: JournalTurn,
  audience: Pick<Audience, 'publish' | 'showTool'>,
  onSaid: () => void,
): Voice {
  let isNewSentence = false
  let characters = 0

  return {
    say(type, text) {
      // White space before the first word is nothing that could be heard.
      const isBlank = turn.pieces.length === 0 && text.trim() === ''
      if (text === '' || isBlank || turn.status !== 'running') return
      characters += text.length
      if (type === 'answer' && characters > MAX_CHARACTERS) {
        throw new TurnstateError('upstream_failed', 'The language model does not stop.')
      }
      const needsGap = isNewSentence && !/^\s/.test(text)
      const said = needsGap ? gapAfter(turn.pieces.at(-1)?.text ?? '', type) + text : text
      isNewSentence = false
      appendText(turn, type, said)
      onSaid()
      return audience.publish({ type: 'text-delta', text: said })
    },
    call(call) {
      if (turn.status !== 'running') return
      turn.platformCalls.push(call)
      onSaid()
      return audience.publish({ type: 'tool-call', call })
    },
    showTool: audience.showTool,
    startSentence() {
      isNewSentence = true
    },
    hasAnswered: () =>
      turn.platformCalls.length > 0 || turn.pieces.some(({ type }) => type === 'answer'),
  }
}

function gapAfter(said: string, type: 'answer' | 'filler'): string {
  // Out of half a sentence a voice would run on into words that are no part of it.
  if (type === 'filler' && /[\p{L}\p{N},;:-]\s*$/u.test(said)) return '... '
  return said === '' || /\s$/.test(said) ? '' : ' '
}
