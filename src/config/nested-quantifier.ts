interface Group {
  /** One of its alternatives so far ends in something that repeats without a limit. */
  endsRepeating: boolean
  /** What stood last in the current alternative repeats without a limit. */
  lastRepeats: boolean
}

/**
 * Whether a regular expression holds a repeated group that itself ends in a repetition, such as
 * `(a+)+`: a text that almost matches can keep it busy for hours. Finds the common cases, not all.
 */
export function hasNestedQuantifier(source: string): boolean {
  const open: Group[] = [{ endsRepeating: false, lastRepeats: false }]
  for (const [token, atom, quantifier = ''] of source.matchAll(TOKENS)) {
    const group = open.at(-1)
    if (!group) return false
    const isOptional = quantifier.startsWith('?')
    const isRepeated = /^(?:[*+]|\{\d+,\})/.test(quantifier)
    if (token.startsWith('(')) {
      open.push({ endsRepeating: false, lastRepeats: false })
    } else if (token === '|') {
      group.endsRepeating ||= group.lastRepeats
      group.lastRepeats = false
    } else if (atom === ')') {
      open.pop()
      const endsRepeating = group.endsRepeating || group.lastRepeats
      if (endsRepeating && isRepeated) return true
      const around = open.at(-1)
      if (around)
        around.lastRepeats = endsRepeating || isRepeated || (isOptional && around.lastRepeats)
    } else {
      group.lastRepeats = isRepeated || (isOptional && group.lastRepeats)
    }
  }
  return false
}

/** The opening of a group, a bar, or anything else (the end of a group too) with its quantifier. */
const TOKENS =
  /\((?:\?(?:<?[=!]|:|<\w+>))?|\||(\[(?:\\.|[^\]\\])*\]|\\.|[^(|])((?:[*+?]|\{\d+(?:,\d*)?\})\??)?/gsu
