/** Follows the text of one JSON object as it arrives, so that no part of it is read twice. */
export interface ObjectEnd {
  push(text: string): void
  /** The object was opened and closed, and nothing but white space came behind it. */
  isReached(): boolean
}

export function createObjectEnd(): ObjectEnd {
  let depth = 0
  let isInString = false
  let isEscaped = false
  let isReached = false

  function take(character: string): void {
    if (isInString) {
      if (isEscaped) isEscaped = false
      else if (character === '\\') isEscaped = true
      else if (character === '"') isInString = false
      return
    }
    if (character === '"') isInString = true
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (character.trim() === '') return
    isReached = character === '}' && depth === 0
  }

  return {
    push: (text) => {
      for (const character of text) take(character)
    },
    isReached: () => isReached,
  }
}
