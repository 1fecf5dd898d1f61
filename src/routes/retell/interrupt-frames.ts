import type { Interruption } from './live-calls.ts'
import type { OutgoingFrame } from './outgoing-frame.ts'

/** Of at most 500 characters: a voice begins with the first sentence that it has. */
const PIECES = /[^]{1,499}(?: |$)|[^]{1,500}/gu

/** Words out of turn as Retell takes them: pieces under one number, the last of which says what follows. */
export function toInterruptFrames(
  { content, no_interruption_allowed, ...flags }: Interruption,
  interruptId: number,
): readonly OutgoingFrame[] {
  const pieces = piecesOf(content)
  return pieces.map((piece, index) => {
    const isLast = index === pieces.length - 1
    return {
      response_type: 'agent_interrupt',
      interrupt_id: interruptId,
      content: piece,
      content_complete: isLast,
      no_interruption_allowed,
      ...(isLast ? flags : {}),
    }
  })
}

/** Whole words, with the spaces between them; at least one piece. */
function piecesOf(content: string): readonly string[] {
  return content.match(PIECES) ?? ['']
}
