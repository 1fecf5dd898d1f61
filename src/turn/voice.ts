import { appendText, type JournalTurn } from '../conversation/journal.ts'
import type { ModelToolCall } from '../upstream/upstream.ts'
import type { TurnEvent, TurnListener } from './turn.ts'

/** The turn's way to the caller: what leaves here is journalled as sent. */
export interface Voice {
  /** Sends text; a returned promise is the caller's back-pressure. */
  say(type: 'answer' | 'filler', text: string): void | Promise<void>
  /** Sends a platform call, whole. */
  call(call: ModelToolCall): void | Promise<void>
  /** The next text begins a sentence of its own. */
  startSentence(): void
  /** Something was sent, be it only a sign of life. Never, where the answer is one body at the end. */
  hasStarted(): boolean
  /** Some text or call was sent. */
  hasSpoken(): boolean
  stop(): void
}

/** Checked this often, so that no gap between two events is longer than 1.5 s. */
const CHECK_EVERY_MS = 500
const QUIET_FOR_MS = 1000

export function createVoice(turn: JournalTurn, listener: TurnListener, now: () => number): Voice {
  let lastEventAt = now()
  let started = false
  let needsGap = false
  /** The caller's socket is full: a sign of life would only make it fuller. */
  let isBlocked = false

  const check = () => {
    if (isBlocked || listener.signal.aborted || now() - lastEventAt < QUIET_FOR_MS) return
    void send({ type: 'keep-alive' })
  }
  const timer = listener.streams ? setInterval(check, CHECK_EVERY_MS) : undefined

  function send(event: TurnEvent): void | Promise<void> {
    started = true
    lastEventAt = now()
    const room = listener.onEvent(event)
    if (!room) return
    isBlocked = true
    return room.finally(() => {
      isBlocked = false
    })
  }

  return {
    say(type, text) {
      // White space before the first word is nothing that could be heard.
      const isBlank = turn.pieces.length === 0 && text.trim() === ''
      if (text === '' || isBlank || listener.signal.aborted) return
      const gap = needsGap && !/^\s/.test(text) ? ' ' : ''
      needsGap = false
      appendText(turn, type, gap + text)
      return send({ type: 'text-delta', text: gap + text })
    },
    call(call) {
      if (listener.signal.aborted) return
      turn.platformCalls.push(call)
      return send({ type: 'tool-call', call })
    },
    startSentence() {
      const last = turn.pieces.at(-1)
      needsGap = last !== undefined && !/\s$/.test(last.text)
    },
    hasStarted: () => started && listener.streams,
    hasSpoken: () => turn.pieces.length > 0 || turn.platformCalls.length > 0,
    stop: () => clearInterval(timer),
  }
}
