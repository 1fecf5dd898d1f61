import { syncBuiltinESMExports } from 'node:module'
import promises from 'node:timers/promises'
import { afterEach, beforeEach, vi } from 'vitest'
import { waitFor } from '../../src/turn/wait-for.ts'

/** Of virtual time: whoever does something in between does it in the middle of things. */
const STEP_MS = 20

/** In the tests of this file time passes only where they let it, promised timers and time limits included. */
export function useVirtualTime(): void {
  const realDelay = promises.setTimeout
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    })
    promises.setTimeout = ((ms: number, value: unknown, { signal = never() } = {}) =>
      waitFor({ limitMs: ms, signal }).then(() => value)) as typeof realDelay // of its kind
    syncBuiltinESMExports()
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      const limit = new AbortController()
      setTimeout(() => limit.abort(), ms)
      return limit.signal
    })
  })
  afterEach(() => {
    vi.restoreAllMocks()
    promises.setTimeout = realDelay
    syncBuiltinESMExports()
    vi.useRealTimers()
  })
}

const never = () => new AbortController().signal

/** Everything that waits for no time has had its turn. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve))
}

export async function pass(ms: number, stepMs = STEP_MS): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    vi.advanceTimersByTime(Math.min(left, stepMs))
    await settle()
  }
}
