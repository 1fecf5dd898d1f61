import { appendText, type JournalTurn } from '../conversation/journal.ts'
import type { ModelToolCall } from '../upstream/upstream.ts'
import type { TurnListener } from './turn.ts'

/** The turn's way to the caller: what leaves here is journalled as sent. */
export interface Voice {
  /** Sends text; a returned promise is the caller's back-pressure. */
  say(type: 'answer' | 'filler', text: string): void | Promise<void>
  /** Sends a platform call, whole. */
  call(call: ModelToolCall): void | Promise<void>
  /** The next text begins a sentence of its own. */
  startSentence(): void
  /** Something was sent, be it only a sign of life: from now on failures are spoken. */
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

  const check = () => {
    if (listener.signal.aborted || now() - lastEventAt < QUIET_FOR_MS) return
    lastEventAt = now()
    started = true
    void listener.onEvent({ type: 'keep-alive' })
  }
  const timer = listener.streams ? setInterval(check, CHECK_EVERY_MS) : undefined

  const spoke = () => {
    started = true
    lastEventAt = now()
  }

  return {
    say(type, text) {
      if (text === '' || listener.signal.aborted) return
      const gap = needsGap && !/^\s/.test(text) ? ' ' : ''
      needsGap = false
      spoke()
      appendText(turn, type, gap + text)
      return listener.onEvent({ type: 'text-delta', text: gap + text })
    },
    call(call) {
      if (listener.signal.aborted) return
      spoke()
      turn.platformCalls.push(call)
      return listener.onEvent({ type: 'tool-call', call })
    },
    startSentence() {
      const last = turn.pieces.at(-1)
      needsGap = last !== undefined && !/\s$/.test(last.text)
    },
    hasStarted: () => started,
    hasSpoken: () => turn.pieces.length > 0 || turn.platformCalls.length > 0,
    stop: () => clearInterval(timer),
  }
}
