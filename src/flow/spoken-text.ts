import type { SpokenText } from './definition.ts'

/** The text in the conversation's language; of several, the first one when none fits. */
export function inLanguage(text: SpokenText, language: unknown): string {
  if (typeof text === 'string') return text
  const wanted = typeof language === 'string' ? language.toLowerCase() : ''
  const entries = Object.entries(text)
  const found =
    entries.find(([code]) => code.toLowerCase() === wanted) ??
    entries.find(([code]) => code.toLowerCase() === wanted.split(/[-_]/)[0]) ??
    entries[0]
  return found?.[1] ?? ''
}
