import { setImmediate as turnOfEventLoop } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** One stated figure and what was measured of it. */
export interface Figure {
  readonly name: string
  readonly measured: string
  readonly limit: string
  readonly isMet: boolean
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** Milliseconds that the work takes, and what it gives. */
export function timed<Value>(work: () => Value): { readonly ms: number; readonly value: Value } {
  const startedAt = performance.now()
  const value = work()
  return { ms: performance.now() - startedAt, value }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void // what the flag above adds to a new context

/** Bytes in use once all garbage is gone: the heap, and buffers outside it. */
export async function bytesInUse(): Promise<number> {
  // What one collection frees can be what keeps something else; some is freed between two of them.
  for (let pass = 0; pass < 4; pass++) {
    collectGarbage()
    await turnOfEventLoop()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

export function toKilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`
}

/** A benchmark that measures something else than it says is worse than none. */
export function ensure(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`the benchmark does not show what it says: ${what}`)
}
