import type { ServerResponse } from 'node:http'
import { TurnstateError } from '../errors.ts'
import { onceGone } from './once-gone.ts'

/** Counts the turns that run, and lets no new one in when there are too many or the server stops. */
export interface TurnGate {
  /**
   * Throws `overloaded` or `draining`. The turn is over when `work` has settled, its answer has left,
   * so that a stop does not cut the last bytes, and all that it was told to wait for has ended.
   */
  pass<T>(
    /** Where the answer leaves; null on a socket that outlives it. */
    response: ServerResponse | null,
    work: (waitFor: (ended: Promise<unknown>) => void) => Promise<T>,
  ): Promise<T>
  readonly drain: () => void
  readonly isDraining: () => boolean
  /** Resolves when no turn runs. */
  readonly idle: () => Promise<void>
}

export function createTurnGate(options: { readonly maxConcurrentTurns: number }): TurnGate {
  let running = 0
  let draining = false
  let waiting: (() => void)[] = []

  function leave(): void {
    running -= 1
    if (running > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  return {
    async pass(response, work) {
      if (draining)
        throw new TurnstateError('draining', 'The server is stopping. Try again shortly')
      if (running >= options.maxConcurrentTurns) {
        throw new TurnstateError('overloaded', 'Too many turns are running. Try again shortly')
      }
      running += 1
      let open = response ? 2 : 1
      const close = () => {
        open -= 1
        if (open === 0) leave()
      }
      if (response) onceGone(response, close)
      const waitFor = (ended: Promise<unknown>) => {
        open += 1
        void ended.then(close, close)
      }
      try {
        return await work(waitFor)
      } finally {
        close()
      }
    },
    drain: () => {
      draining = true
    },
    isDraining: () => draining,
    idle: () =>
      running === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  }
}
