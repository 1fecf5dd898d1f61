import type { SharedStore } from '../store/shared-store.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { addBounded } from './add-bounded.ts'
import { toOutcomeJson } from './outcome-json.ts'

/** A claim that was not there when the store came back may still be on its way. */
const LATE_CLAIM_MS = 10_000

/** A claim of this process under which nothing was done, and which may stand in the store still. */
export interface Untouched {
  /** Null if it is not even known whether the claim was taken. */
  readonly token: string | null
  /** What came of an earlier try, by whomever. */
  readonly outcome: ToolOutcome | undefined
  /** When it was found not to be there. */
  readonly absentSince?: number
}

interface UntouchedClaimsOptions {
  readonly store: SharedStore
  readonly retainMs: number
  /** An effect of this name is under way here; its claim is not to be touched. */
  readonly isRunning: (id: string) => boolean
}

interface UntouchedClaims {
  readonly all: Map<string, Untouched>
  /** Gives one back; resolves with false if that could not be done. */
  giveBack(id: string, left: Untouched): Promise<boolean>
  /** Until the store is away. */
  giveBackAll(): Promise<void>
  /** Resolves once nothing is being done about a claim of this name. */
  whenIdle(id: string): Promise<unknown>
}

/** Sees to it that nobody waits for what nobody does. No method rejects. */
export function createUntouchedClaims(options: UntouchedClaimsOptions): UntouchedClaims {
  const { store, retainMs, isRunning } = options
  const all = new Map<string, Untouched>()
  const beingGivenBack = new Map<string, Promise<boolean>>()

  async function tryGiveBack(id: string, left: Untouched): Promise<boolean> {
    const isThere = await returnClaim(store, { id, left, retainMs }).catch(() => null)
    if (isThere !== null && all.get(id) === left) {
      const absentSince = left.absentSince ?? performance.now()
      const isLate = performance.now() - absentSince >= LATE_CLAIM_MS
      if (isThere || isLate) all.delete(id)
      else all.set(id, { ...left, absentSince })
    }
    beingGivenBack.delete(id)
    return isThere !== null
  }

  function begin(id: string, left: Untouched): Promise<boolean> {
    const ended = tryGiveBack(id, left)
    beingGivenBack.set(id, ended)
    return ended
  }

  return {
    all,
    giveBack(id, left) {
      addBounded(all, id, left)
      return begin(id, left)
    },
    async giveBackAll() {
      for (const [id, left] of [...all]) {
        if (all.get(id) !== left || isRunning(id) || beingGivenBack.has(id)) continue
        // One that the store refuses does not hold back the others.
        if (!(await begin(id, left)) && !store.isUp()) return
      }
    },
    async whenIdle(id) {
      await beingGivenBack.get(id)
    },
  }
}

interface Return {
  readonly id: string
  readonly left: Untouched
  readonly retainMs: number
}

/** As if the claim had never been taken; false if it is not there. */
async function returnClaim(store: SharedStore, { id, left, retainMs }: Return): Promise<boolean> {
  const token = left.token ?? (await takeOver(store, id, retainMs))
  if (token === null) return false
  if (left.outcome) {
    await store.finishClaim(id, token, { value: toOutcomeJson(left.outcome), retainMs })
  } else await store.releaseClaim(id, token)
  return true
}

/** A claim that may have been taken has a token nobody knows: only another claim gives one. */
async function takeOver(store: SharedStore, id: string, retainMs: number): Promise<string | null> {
  const state = await store.readClaim(id)
  if (state?.state !== 'running' || state.owner !== store.instance) return null
  const taken = await store.claim(id, { retainMs, replacing: state.version })
  return taken.state === 'claimed' ? taken.token : null
}
