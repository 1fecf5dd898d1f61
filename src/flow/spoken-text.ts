import type { SpokenText } from './definition.ts'

/** The text in the conversation's language; of several, the first one when none fits. */
export function inLanguage(text: SpokenText, language: unknown): string {
  return typeof text === 'string' ? text : (byLanguage(text, language) ?? '')
}

/** What stands under the language, or under its first part (`de` for `de-AT`); else the first. */
export function byLanguage<Value>(
  values: Readonly<Record<string, Value>>,
  language: unknown,
): Value | undefined {
  const wanted = typeof language === 'string' ? language.toLowerCase() : ''
  const entries = Object.entries(values)
  const found =
    entries.find(([code]) => code.toLowerCase() === wanted) ??
    entries.find(([code]) => code.toLowerCase() === wanted.split(/[-_]/)[0]) ??
    entries[0]
  return found?.[1]
}
