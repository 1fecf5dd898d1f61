import type { Outbox } from './outbox.ts'

/** One piece of agent speech: its parts, and what is said about it at its end. */
export interface Utterance {
  readonly say: (piece: string) => void
  readonly finish: () => void
  /** Ends it because the user speaks; returns what the user is taken to have heard. */
  readonly cut: () => string
  /** Ends the parts of an answer that broke. */
  readonly abandon: () => void
  readonly text: () => string
}

export function createUtterance({ send, nextEventId }: Outbox): Utterance {
  let text = ''
  let eventId: number | null = null
  const part = (type: 'start' | 'delta' | 'stop', id: number, words = '') =>
    send({
      type: 'agent_chat_response_part',
      text_response_part: { text: words, type, event_id: id },
    })
  const stop = (): number | null => {
    if (eventId !== null) part('stop', eventId)
    return eventId
  }

  return {
    say: (piece) => {
      if (piece === '') return
      if (eventId === null) part('start', (eventId = nextEventId()))
      text += piece
      part('delta', eventId, piece)
    },
    finish: () => {
      const id = stop()
      if (id === null) return
      const said = { agent_response: text, event_id: id }
      send({ type: 'agent_response', agent_response_event: said })
    },
    cut: () => {
      const id = stop()
      if (id === null) return ''
      const corrected = wholeWords(text)
      send({ type: 'interruption', interruption_event: { event_id: id } })
      send({
        type: 'agent_response_correction',
        agent_response_correction_event: {
          original_agent_response: text,
          corrected_agent_response: corrected,
          event_id: id,
        },
      })
      return corrected
    },
    abandon: () => void stop(),
    text: () => text,
  }
}

/** Longer than words are. */
const TAIL_LENGTH = 100

/** Without the last word, which may be half of one; punctuation after it shows that it is whole. */
export function wholeWords(text: string): string {
  const tail = text.slice(-TAIL_LENGTH)
  const last = [...new Intl.Segmenter(undefined, { granularity: 'word' }).segment(tail)].at(-1)
  const kept = last?.isWordLike ? text.slice(0, text.length - last.segment.length) : text
  return kept.trimEnd()
}
