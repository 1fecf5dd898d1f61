import { setTimeout as sleep } from 'node:timers/promises'
import type { RetellOptions } from './options.ts'

interface Dependencies {
  readonly options: Pick<
    RetellOptions,
    'first_speaker' | 'greet_after_call_details' | 'call_details_timeout_ms'
  >
  /** Something was said in this call before. */
  readonly isKnown: () => Promise<boolean>
  /** Says an empty `response_id: 0`: until one came, Retell does not let the agent speak. */
  readonly sayNothing: () => void
  /** Answers with what the flow says first. */
  readonly speak: () => Promise<void>
  readonly gone: AbortSignal
}

/** What Retell calls the begin message: `response_id: 0`, owed once for each connection. */
export interface Greeting {
  /** Resolves when it was said, or will not be said any more. */
  readonly ended: Promise<void>
  /** The call's data are there. */
  callKnown(): void
  /** It has left, or has begun to. */
  begun(): void
  readonly hasBegun: () => boolean
  /** Somebody spoke already, or it is not the first connection: no greeting. */
  skip(): void
}

export function createGreeting({ options, gone, ...dependencies }: Dependencies): Greeting {
  const over = new AbortController()
  const call = new AbortController()
  const stop = () => over.abort()
  gone.addEventListener('abort', stop, { once: true })
  let hasBegun = false

  function skip(): void {
    over.abort()
    if (hasBegun || gone.aborted) return
    hasBegun = true
    dependencies.sayNothing()
  }

  async function greet(): Promise<void> {
    if (options.first_speaker === 'caller' || (await dependencies.isKnown())) {
      skip()
      return
    }
    if (options.greet_after_call_details) {
      await pause(options.call_details_timeout_ms, AbortSignal.any([call.signal, over.signal]))
    }
    if (!over.signal.aborted) await dependencies.speak()
  }

  return {
    ended: greet().finally(() => gone.removeEventListener('abort', stop)),
    callKnown: () => call.abort(),
    begun: () => void (hasBegun = true),
    hasBegun: () => hasBegun,
    skip,
  }
}

/** Ends early when the signal says so. */
async function pause(limitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(limitMs, undefined, { signal }).catch(() => undefined)
}
