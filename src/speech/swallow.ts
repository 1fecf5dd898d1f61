import { isSpace } from './characters.ts'
import { LOOK_AHEAD, type Swallow } from './construct.ts'

/** Drops all text up to and with the first of `ends`. */
export function untilOneOf(ends: readonly string[]): Swallow {
  const pattern = new RegExp(ends.map(escapePattern).join('|'), 'gi')
  const held = Math.max(...ends.map((end) => end.length)) - 1
  return (text, at) => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) return { taken: found.index + found[0].length - at, isOver: true }
    return { taken: Math.max(0, text.length - held - at), isOver: false }
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/**
 * Drops up to the bracket that closes the first one; brackets in strings do not count, nor do those
 * between a name and its arguments: `get[ARGS]{"a": 1}`.
 */
export function untilBalanced(): Swallow {
  let depth = 0
  let inString = false
  let isEscaped = false
  let isNamed = false
  let outside = 0
  const isLast = (char: string): boolean => {
    if (isEscaped) isEscaped = false
    else if (inString && char === '\\') isEscaped = true
    else if (char === '"' && depth > 0) inString = !inString
    else if (!inString && (depth > 0 || !isNamed ? '{[(' : '{').includes(char)) depth++
    else if (depth > 0 && !inString && '}])'.includes(char)) return --depth === 0
    isNamed ||= depth === 0 && !isSpace(char)
    return depth === 0 && ++outside >= LOOK_AHEAD
  }
  return (text, at) => {
    for (let next = at; next < text.length; next++)
      if (isLast(text.charAt(next))) return { taken: next + 1 - at, isOver: true }
    return { taken: text.length - at, isOver: false }
  }
}

/** Drops the target of a link, up to its closing parenthesis. */
export function untilTargetEnd(): Swallow {
  let depth = 1
  let behindSpace = 0
  const isLast = (char: string): boolean => {
    if (char === '(') depth++
    if (char === ')') depth--
    if (behindSpace > 0 || isSpace(char)) behindSpace++
    return depth === 0 || behindSpace > LOOK_AHEAD
  }
  return (text, at) => {
    for (let next = at; next < text.length; next++) {
      if (text[next] === '\n') return { taken: next - at, isOver: true }
      if (isLast(text.charAt(next))) return { taken: next + 1 - at, isOver: true }
    }
    return { taken: text.length - at, isOver: false }
  }
}
