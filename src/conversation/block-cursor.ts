import type { ConversationMessage } from './message.ts'
import { heardWords } from './turn-words.ts'

/** The messages of a block, with the place up to which they are accounted for. */
export interface Cursor {
  readonly messages: readonly ConversationMessage[]
  readonly index: number
  /** Words of the message at `index` that are accounted for already. */
  readonly offset: number
}

export function messageAt(cursor: Cursor): ConversationMessage {
  return cursor.messages[cursor.index] ?? { role: 'assistant', text: '' }
}

/** The next place at or after the cursor where there is text to compare. */
export function nextText(cursor: Cursor): Cursor | null {
  let { index, offset } = cursor
  for (; index < cursor.messages.length; index++, offset = 0) {
    const message = cursor.messages[index]
    if (message?.role !== 'assistant' || message.text === '') continue
    if (offset === 0 ? message.text.trim() !== '' : heardWords(message).length > offset) {
      return { ...cursor, index, offset }
    }
  }
  return null
}
