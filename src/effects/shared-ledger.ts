import type { Log } from '../observability/log.ts'
import type { SharedStore } from '../store/shared-store.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { stillRunning } from './attempt.ts'
import { effectIdOf } from './effect-id.ts'
import { createLeftovers } from './leftovers.ts'
import type { Ledger } from './ledger.ts'
import {
  takeEffect,
  whatIsKnown,
  whenEnded,
  type ClaimContext,
  type Taken,
  type Wish,
} from './take-effect.ts'
import { within } from './within.ts'

/** A claim cannot be kept for another while, and must outlive every retry. */
const MIN_RETAIN_MS = 10 * 60 * 1000

interface SharedLedgerOptions {
  readonly store: SharedStore
  /** For the names of the wishes: the same in all instances. */
  readonly secret: string
  /** Milliseconds for which outcomes are known, but ten minutes at least. */
  readonly retainMs: number
  readonly log: Log
}

/** Remembers the effects of all instances that share a store. */
export function createSharedLedger({
  store,
  secret,
  log,
  ...options
}: SharedLedgerOptions): Ledger {
  const retainMs = Math.max(options.retainMs, MIN_RETAIN_MS)
  const closing = new AbortController()
  const running = new Map<string, Promise<Taken>>()
  const isRunning = (id: string) => running.has(id)
  const leftovers = createLeftovers({ store, retainMs, isRunning, log })
  const context: ClaimContext = { store, leftovers, retainMs, signal: closing.signal }

  function lead(wish: Wish): Promise<Taken> {
    const taken = takeEffect(context, wish).finally(() => running.delete(wish.id))
    running.set(wish.id, taken)
    return taken
  }

  /** What comes of a run in this process; null if there is none, or one that was not begun. */
  async function joined(id: string, until: number): Promise<ToolOutcome | 'running' | null> {
    for (;;) {
      const effect = running.get(id)
      if (!effect) return null
      const left = until - performance.now()
      const answer = (await within(effect, left)) ?? 'running'
      if (typeof answer === 'object') return answer
      // One who wanted it less long has given up waiting for another instance, or did not want it.
      if (answer === 'running' && (performance.now() >= until || running.get(id) === effect)) {
        return 'running'
      }
    }
  }

  return {
    idOf: (key) => effectIdOf(secret, key),
    async run(key, effect) {
      const id = effectIdOf(secret, key)
      const until = performance.now() + effect.waitMs
      for (;;) {
        // Nothing may come between the question whether it runs here and its beginning.
        const answer = running.has(id) ? await joined(id, until) : await lead({ id, effect, until })
        if (answer !== null) return answer === 'running' ? stillRunning() : answer
      }
    },
    async outcomeOf(key, waitMs) {
      const id = effectIdOf(secret, key)
      const until = performance.now() + waitMs
      return outcomeOf(context, { id, until, joined })
    },
    // Each claim is kept for its own time.
    keep: () => undefined,
    close() {
      closing.abort()
      leftovers.close()
    },
  }
}

interface Question {
  readonly id: string
  readonly until: number
  readonly joined: (id: string, until: number) => Promise<ToolOutcome | 'running' | null>
}

async function outcomeOf(
  { store, leftovers, signal }: ClaimContext,
  { id, until, joined }: Question,
): Promise<ToolOutcome | 'running' | null> {
  let seen: string | undefined
  for (;;) {
    const here = (await joined(id, until)) ?? leftovers.outcomeOf(id)
    if (here !== undefined) return here
    const untouched = leftovers.untouchedOf(id)
    const state = await whenEnded(store, id, { until, signal })
    if (state === null || state === 'running') return state
    if (state.state === 'running' && !untouched && seen !== state.version) {
      // An effect may have begun here, and even ended, since we asked: look twice.
      seen = state.version
      continue
    }
    return whatIsKnown(state, untouched) ?? null
  }
}
