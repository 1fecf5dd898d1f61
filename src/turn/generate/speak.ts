import type { SpokenText } from '../../flow/definition.ts'
import { inLanguage } from '../../flow/spoken-text.ts'
import { renderTemplate } from '../../flow/template.ts'
import type { LiveTurn } from './live-turn.ts'
import { lookupOf } from './scope.ts'

/** Speaks a server-owned text in the conversation's language. */
export async function speak(
  turn: LiveTurn,
  text: SpokenText,
  type: 'answer' | 'filler' = 'answer',
): Promise<void> {
  const { variables } = turn.position
  const words = inLanguage(text, variables.language)
  await sayWords(turn, renderTemplate(words, lookupOf(variables, turn.prepared.scope)), type)
}

/** Speaks words as a sentence of their own. */
export async function sayWords(
  turn: LiveTurn,
  words: string,
  type: 'answer' | 'filler' = 'answer',
): Promise<void> {
  turn.voice.startSentence()
  await turn.voice.say(type, words)
}
