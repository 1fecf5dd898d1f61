import type { Log } from '../observability/log.ts'
import type { SharedStore } from '../store/shared-store.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { addBounded } from './add-bounded.ts'
import { toOutcomeJson } from './outcome-json.ts'
import { createRetryLoop } from './retry-loop.ts'
import { createUntouchedClaims, type Untouched } from './untouched-claims.ts'
import { within } from './within.ts'

const RETRY_MS = 1000
/** The caller need not wait longer for the note of what was done; it is made all the same. */
const NOTE_WAIT_MS = 100

interface Unrecorded {
  readonly token: string
  readonly outcome: ToolOutcome
  readonly since: number
}

interface LeftoversOptions {
  readonly store: SharedStore
  readonly retainMs: number
  /** An effect of this name is under way here; its claim is not to be touched. */
  readonly isRunning: (id: string) => boolean
  readonly log: Log
}

/** What this process knows of its claims and the store does not: it is told as soon as it can be. */
export interface Leftovers {
  outcomeOf(id: string): ToolOutcome | undefined
  untouchedOf(id: string): Untouched | undefined
  /** Notes what was done; resolves once it is noted, or soon. Never rejects. */
  record(id: string, token: string, outcome: ToolOutcome): Promise<void>
  /** Nothing was done under this claim; resolves once it is given back, or soon. Never rejects. */
  giveBack(id: string, token: string): Promise<void>
  /** A claim may have been taken; nothing was done under it. `outcome`: what came of an earlier try. */
  suspect(id: string, outcome: ToolOutcome | undefined): void
  /** The claim was taken anew: what was left of earlier ones does not count any more. */
  forget(id: string): void
  /** Resolves once nothing is being done about a claim of this name. Never rejects. */
  whenIdle(id: string): Promise<unknown>
  close(): void
}

/** Bounded: what became of the oldest ones is unknown once there are too many. */
export function createLeftovers({ store, retainMs, isRunning, log }: LeftoversOptions): Leftovers {
  const unrecorded = new Map<string, Unrecorded>()
  const untouched = createUntouchedClaims({ store, retainMs, isRunning })
  const retries = createRetryLoop({
    everyMs: RETRY_MS,
    attempt: async () => {
      await recordAll()
      await untouched.giveBackAll()
    },
    isDone: () => unrecorded.size + untouched.all.size === 0,
  })
  store.onUpChange((isUp) => {
    if (isUp) void retries.tryNow()
  })

  /** False if it could not be written. */
  async function tryRecord(id: string, left: Unrecorded): Promise<boolean> {
    const value = toOutcomeJson(left.outcome)
    if (!(await succeeds(store.finishClaim(id, left.token, { value, retainMs })))) return false
    if (unrecorded.get(id) === left) unrecorded.delete(id)
    return true
  }

  async function recordAll(): Promise<void> {
    for (const [id, left] of [...unrecorded]) {
      // By then its claim is forgotten too.
      if (performance.now() - left.since >= retainMs) unrecorded.delete(id)
      else if (unrecorded.get(id) === left) await tryRecord(id, left)
      // One that the store refuses does not hold back the others.
      if (!store.isUp()) return
    }
  }

  return {
    outcomeOf: (id) => unrecorded.get(id)?.outcome,
    untouchedOf: (id) => untouched.all.get(id),
    async record(id, token, outcome) {
      const left = { token, outcome, since: performance.now() }
      addBounded(unrecorded, id, left)
      if ((await within(tryRecord(id, left), NOTE_WAIT_MS)) === true) return
      log.warn({ effect: id }, 'the outcome of an effect is not in the store yet')
      retries.arm()
    },
    async giveBack(id, token) {
      await within(untouched.giveBack(id, { token, outcome: undefined }), NOTE_WAIT_MS)
      retries.arm()
    },
    suspect(id, outcome) {
      addBounded(untouched.all, id, { token: null, outcome })
      retries.arm()
    },
    forget(id) {
      unrecorded.delete(id)
      untouched.all.delete(id)
    },
    whenIdle: (id) => untouched.whenIdle(id),
    close: () => retries.close(),
  }
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
