import type { Target } from './target.ts'

const MAX_LENGTH = 40
/** Controls (C0, C1), lone surrogates, marks that turn the reading direction, line and paragraph ends. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Text that the server sent, fit for a terminal: at most 40 printable characters, and no secret of ours. */
export function shown(text: string, target: Target): string {
  // What cannot be printed goes first: it may stand between the characters of the key.
  const printable = text.replace(UNPRINTABLE, '')
  const hidden = secretsOf(target).reduce(
    (rest, secret) => rest.replace(new RegExp(asPattern(secret), 'gi'), '***'),
    printable,
  )
  const characters = Array.from(hidden.replace(/Bearer\s+(?:Bearer\s+)?\*\*\*/gi, '***'))
  return characters.length <= MAX_LENGTH
    ? characters.join('')
    : `${characters.slice(0, MAX_LENGTH - 1).join('')}…`
}

/** The key as it was given and as URLs spell it, and one that stands in the path; longest first. */
function secretsOf({ key = '', url }: Target): readonly string[] {
  const inPath = /\/k\/([^/]+)/.exec(new URL(url).pathname)?.[1] ?? ''
  const spellings = [key, encodeURIComponent(key), inPath, decoded(inPath)]
  return [...new Set(spellings)]
    .filter((secret) => secret !== '')
    .sort((one, other) => other.length - one.length)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function asPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
