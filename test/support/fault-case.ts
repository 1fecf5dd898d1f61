import { afterAll, expect, test, type TestContext } from 'vitest'
import { createCaller, type Caller } from './fault-caller.ts'
import type { Seen } from './fault-webhook.ts'
import type { FaultResult } from './fault-table.ts'

declare module 'vitest' {
  interface TaskMeta {
    fault?: FaultResult
  }
}

interface FaultCase {
  readonly fault: string
  readonly promise: string
  /** Times that it may be done. */
  readonly runs: number
  /** Requests that may reach the other side, where a repeated one is known there by its key. */
  readonly requests?: number
  /** It strikes all instances: no other case is played at the time. */
  readonly isAlone?: true
  /** Returns how the other side can be asked what it saw. */
  readonly play: (play: Play) => Promise<() => Seen>
}

interface Play {
  readonly caller: Caller
  /** What this caller wishes for: another word in each case. */
  readonly wish: string
  readonly onEnd: TestContext['onTestFinished']
}

let cases = 0

/** A row of the table: plays the fault and holds what the other side saw against the promise. */
export function faultCase({ play, ...row }: FaultCase): void {
  const { fault, promise, runs, requests = runs } = row
  const wish = `wish-${++cases}`
  const run = row.isAlone ? test : test.concurrent
  let look: () => Seen = () => ({ requests: 0, keys: 0 })
  let seen = look()

  run(`${fault}: ${promise}`, async ({ task, onTestFinished }) => {
    look = await play({ caller: createCaller(wish), wish, onEnd: onTestFinished })
    seen = look()
    const done = row.requests === undefined ? seen.requests : seen.keys
    const part = task.suite?.name ?? ''
    task.meta.fault = { part, fault, promise, requests: seen.requests, runs: done }
    expect({ requests: seen.requests, runs: done }).toEqual({ requests, runs })
  })

  // Nothing that was still under way has done it once more.
  afterAll(() => expect(look(), fault).toEqual(seen))
}
