import { createSpeechFilter, type SpeechFilterOptions } from '../../src/speech/speech-filter.ts'

type Allow = SpeechFilterOptions['allow']

/** What a new filter makes of these deltas, the last words included. */
export function spokenFrom(deltas: readonly string[], allow: Allow = []): string {
  const filter = createSpeechFilter({ allow })
  return deltas.map((delta) => filter.push(delta)).join('') + filter.end()
}

/** The whole text, cut in two at every place, and cut into single code units. */
function everyCut(text: string): readonly (readonly string[])[] {
  const places = Array.from({ length: text.length + 1 }, (_, at) => at)
  const inTwo = places.map((at) => [text.slice(0, at), text.slice(at)])
  return [[text], text.split(''), ...inTwo]
}

/** What comes of every way to cut; one entry when the cut makes no difference. */
export function spokenFromEveryCut(text: string, allow: Allow = []): readonly string[] {
  return [...new Set(everyCut(text).map((deltas) => spokenFrom(deltas, allow)))]
}
