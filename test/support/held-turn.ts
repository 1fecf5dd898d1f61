import type { RunningTurn, TurnEvent } from '../../src/turn/turn.ts'
import { END, fakeEngine } from './fake-engine.ts'
import type { FakeEngine } from './fake-engine.ts'

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
  const started = signal()
  const aborted = signal()
  const released = signal()
  const run: RunningTurn['run'] = async (listener) => {
    const gone = new Promise<never>((_, reject) => {
      listener.signal.addEventListener('abort', () => {
        aborted.raise()
        reject(listener.signal.reason as Error) // the front end gives a TurnstateError
      })
    })
    for (const event of first) await listener.onEvent(event)
    started.raise()
    await Promise.race([released.raised, gone])
    await listener.onEvent({ type: 'text-delta', text: 'At last.' })
    return END
  }
  return {
    engine: fakeEngine({ run }),
    started: started.raised,
    aborted: aborted.raised,
    release: released.raise,
  }
}

function signal(): { readonly raised: Promise<void>; readonly raise: () => void } {
  let raise = () => {}
  const raised = new Promise<void>((resolve) => (raise = resolve))
  return { raised, raise: () => raise() }
}
