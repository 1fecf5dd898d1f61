import type { OnSilence } from '../flow/definition.ts'
import { generate, offerAt, speak } from './generate.ts'
import type { LiveTurn } from './live-turn.ts'
import type { TurnEnd } from './turn.ts'

const DEFAULT_ON_SILENCE: OnSilence = {
  prompt:
    'The caller has said nothing for a while. Ask gently, in one short sentence, whether they are still there.',
  max: 2,
}
const SKIP_TURN = 'skip_turn'
/** The least that a platform takes for an answer: an empty stream would end the call. */
const QUIET_REPLY = '... '

/** Re-engages a silent caller a limited number of times, then leaves them in peace. */
export async function answerSilence(turn: LiveTurn): Promise<TurnEnd['finishReason']> {
  const silence = turn.script.flow.states[turn.position.state]?.on_silence ?? DEFAULT_ON_SILENCE
  if (turn.prepared.silences < silence.max) {
    if (!silence.say) return generate(turn, [silence.prompt ?? DEFAULT_ON_SILENCE.prompt ?? ''])
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
