import type { TurnAnswer, TurnEvent } from '../../src/turn/turn.ts'
import { END, fakeEngine } from './fake-engine.ts'
import type { FakeEngine } from './fake-engine.ts'
import { createGate } from './gate.ts'

interface HeldTurn {
  readonly engine: FakeEngine
  /** Resolves when the first events have been taken. */
  readonly started: Promise<void>
  /** Resolves when the caller is gone. */
  readonly aborted: Promise<void>
  /** Lets the turn end. */
  readonly release: () => void
}

/** A turn that says `first`, then waits until the test releases it or the caller is gone. */
export function heldTurn(first: readonly TurnEvent[] = []): HeldTurn {
  const turn = createGate()
  const caller = createGate()
  const run: TurnAnswer['run'] = async (listener) => {
    const gone = new Promise<never>((_, reject) => {
      listener.signal.addEventListener('abort', () => {
        caller.reach()
        reject(listener.signal.reason as Error) // the front end gives a TurnstateError
      })
    })
    for (const event of first) await listener.onEvent(event)
    turn.reach()
    await Promise.race([turn.released, gone])
    await listener.onEvent({ type: 'text-delta', text: 'At last.' })
    return END
  }
  return {
    engine: fakeEngine({ run }),
    started: turn.reached,
    aborted: caller.reached,
    release: turn.release,
  }
}
