import { isLetter } from './letters.ts'

/** Given the text after a repetition, gives it out without what already stands at the seam. */
interface Seam {
  readonly push: (text: string) => string
}

/**
 * `tail` is what was said after the last repeated letter. The repetition has it too, more or less,
 * and it is not to be there twice: "at nine, " and "at nine, or" are "at nine, or".
 */
export function createSeam(tail: string): Seam {
  const marks = Array.from(tail).filter((character) => !isSpace(character))
  const endsInSpace = isSpace(tail.slice(-1))
  let spaces = ''
  let isOpen = false

  /** Undefined for a character that was said. */
  function take(character: string): string | undefined {
    if (isSpace(character) && (marks.length > 0 || endsInSpace)) {
      spaces += character
      return undefined
    }
    if (!isLetter(character) && marks[0] === character) {
      marks.shift()
      spaces = ''
      return undefined
    }
    isOpen = true
    return endsInSpace ? character : spaces + character
  }

  return {
    push(text) {
      let at = 0
      for (const character of text) {
        if (isOpen) break
        const taken = take(character)
        at += character.length
        if (taken !== undefined) return taken + text.slice(at)
      }
      return text.slice(at)
    },
  }
}

function isSpace(character: string): boolean {
  return /^\s$/.test(character)
}
