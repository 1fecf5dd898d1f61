import { toPlainWords } from './plain-words.ts'

/** Words and phrases by their first word, the longest first. */
export type Phrases = ReadonlyMap<string, readonly (readonly string[])[]>

export function toPhrases(texts: readonly string[]): Phrases {
  const phrases = new Map<string, (readonly string[])[]>()
  for (const words of texts.map(toPlainWords)) {
    const [first] = words
    if (first !== undefined) phrases.set(first, [...(phrases.get(first) ?? []), words])
  }
  for (const ofOneWord of phrases.values()) ofOneWord.sort((a, b) => b.length - a.length)
  return phrases
}

/** How many words the longest phrase takes that stands at this place; 0 if there is none. */
export function longestAt(phrases: Phrases, words: readonly string[], at: number): number {
  const here = phrases.get(words[at] ?? '')
  return (
    here?.find((phrase) => phrase.every((word, offset) => word === words[at + offset]))?.length ?? 0
  )
}
