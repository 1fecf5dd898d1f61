import type { ToolOutcome } from '../tools/tool-runner.ts'
import type { Taken } from './take-effect.ts'
import { within } from './within.ts'

/** The effects that run in this process now, or wait for another instance. */
export interface RunningEffects {
  readonly has: (id: string) => boolean
  /** Begins one; to be called only where there is none. */
  lead(id: string, begin: () => Promise<Taken>): Promise<Taken>
  /** What comes of a run; null if there is none, or one that was not begun. */
  readonly joined: (id: string, until: number) => Promise<ToolOutcome | 'running' | null>
}

export function createRunningEffects(): RunningEffects {
  const running = new Map<string, Promise<Taken>>()
  return {
    has: (id) => running.has(id),
    lead(id, begin) {
      const taken = begin().finally(() => running.delete(id))
      running.set(id, taken)
      return taken
    },
    async joined(id, until) {
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
    },
  }
}
