const MAX_FAILURES = 5
const OPEN_MS = 10_000

/** What a call showed of the other side: `unclear` if it ended for another reason. */
export type Health = 'up' | 'down' | 'unclear'

interface BreakerDependencies {
  /** Milliseconds of a clock; only differences count. */
  readonly now: () => number
  readonly onChange: (state: 'open' | 'closed') => void
}

/** Spares callers the wait for a service that is down. */
export interface Breaker {
  /** Where to report what came of the call, exactly once; null if it must not be made now. */
  begin(): ((health: Health) => void) | null
}

/** Refuses calls for 10 s after five failures in a row, then lets one at a time through to see. */
export function createBreaker({ now, onChange }: BreakerDependencies): Breaker {
  let failures = 0
  let openUntil: number | null = null
  let isProbing = false

  function endProbe(health: Health): void {
    isProbing = false
    if (health === 'unclear') return
    failures = 0
    if (health === 'down') openUntil = now() + OPEN_MS
    else {
      openUntil = null
      onChange('closed')
    }
  }

  function endCall(health: Health): void {
    // Of calls begun before it opened there is nothing more to learn.
    if (openUntil !== null || health === 'unclear') return
    failures = health === 'down' ? failures + 1 : 0
    if (failures < MAX_FAILURES) return
    openUntil = now() + OPEN_MS
    onChange('open')
  }

  return {
    begin() {
      if (openUntil === null) return endCall
      if (isProbing || now() < openUntil) return null
      isProbing = true
      return endProbe
    },
  }
}
