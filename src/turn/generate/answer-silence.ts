import { SKIP_TURN } from '../../conversation/kinds.ts'
import type { OnSilence } from '../../flow/definition.ts'
import { renderTemplate } from '../../flow/template.ts'
import { generate } from './generate.ts'
import type { LiveTurn } from './live-turn.ts'
import { offerAt } from './offered-tools.ts'
import { QUIET_REPLY } from '../quiet-words.ts'
import { lookupOf } from './scope.ts'
import { speak } from './speak.ts'
import type { TurnEnd } from '../turn.ts'

const DEFAULT_PROMPT =
  'The caller has said nothing for a while. Ask gently, in one short sentence, whether they are still there.'
const DEFAULT_ON_SILENCE: OnSilence = { max: 2 }

function toPrompt(turn: LiveTurn, { prompt }: OnSilence): string {
  const { position, prepared } = turn
  return renderTemplate(prompt ?? DEFAULT_PROMPT, lookupOf(position.variables, prepared.scope))
}

/** Re-engages a silent caller a limited number of times, then leaves them in peace. */
export async function answerSilence(turn: LiveTurn): Promise<TurnEnd['finishReason']> {
  const silence = turn.settings.flow.states[turn.position.state]?.on_silence ?? DEFAULT_ON_SILENCE
  if (turn.prepared.silences < silence.max) {
    if (!silence.say) return generate(turn, [toPrompt(turn, silence)])
    await speak(turn, silence.say)
    return 'stop'
  }
  if (offerAt(turn).platform.has(SKIP_TURN)) {
    const id = `call_skip_${turn.journalled.id}`
    await turn.voice.call({ id, name: SKIP_TURN, arguments: '{}' })
    return 'tool_calls'
  }
  await turn.voice.say('answer', QUIET_REPLY)
  return 'stop'
}
