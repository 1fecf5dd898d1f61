import { setTimeout as wait } from 'node:timers/promises'
import type { HttpResult } from './http-call.ts'
import { mayBeDone, pauseBeforeRetry } from './retry.ts'

interface RetriedCall {
  /** One try, within so many milliseconds; must not reject. */
  readonly send: (timeoutMs: number) => Promise<HttpResult>
  readonly mayRepeat: boolean
  readonly signal: AbortSignal
  /** For both tries and the pause between them. */
  readonly timeoutMs: number
  /** Told before the pause. */
  readonly onRetry: (first: HttpResult) => void
}

interface RetriedResult {
  readonly result: HttpResult
  /** An earlier try may have been done: only a success tells that it was. */
  readonly isInDoubt: boolean
}

/** Makes a call, and once more where that is safe. */
export async function callWithRetry(call: RetriedCall): Promise<RetriedResult> {
  const { send, mayRepeat, signal, timeoutMs, onRetry } = call
  const startedAt = performance.now()
  const leftMs = (): number => timeoutMs - (performance.now() - startedAt)
  const first = await send(timeoutMs)
  const pauseMs = signal.aborted
    ? null
    : pauseBeforeRetry(first, { mayRepeat, leftMs: leftMs(), random: Math.random() })
  if (pauseMs === null) return { result: first, isInDoubt: false }
  onRetry(first)
  const isOver = await wait(pauseMs, false, { signal }).catch(() => true)
  if (isOver || leftMs() < 1) return { result: first, isInDoubt: false }
  const second = await send(leftMs())
  const isUnsent = second.type === 'failure' && !second.sent
  // What the first try was told still holds if the second never got there.
  if (first.type === 'answer' && isUnsent) return { result: first, isInDoubt: false }
  return { result: second, isInDoubt: mayBeDone(first) }
}
