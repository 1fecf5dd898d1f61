import type { Log } from '../observability/log.ts'
import type { Completion, CompletionListener, CompletionRequest, Upstream } from './upstream.ts'

/**
 * Asks the upstreams in order, the next one whenever one fails before it said anything. When all
 * have failed, the last one's error is the answer.
 */
export function createFailover(first: Upstream, others: readonly Upstream[], log: Log): Upstream {
  if (others.length === 0) return first
  const all = [first, ...others]
  return {
    name: all.map(({ name }) => name).join(', '),
    complete: (request, listener) => completeWith(first, others, { request, listener, log }),
    isUsable: () => all.some((upstream) => upstream.isUsable()),
    close: async () => {
      await Promise.all(all.map((upstream) => upstream.close()))
    },
  }
}

interface Attempt {
  readonly request: CompletionRequest
  readonly listener: CompletionListener
  readonly log: Log
}

async function completeWith(
  upstream: Upstream,
  others: readonly Upstream[],
  attempt: Attempt,
): Promise<Completion> {
  const { request, listener, log } = attempt
  let hasSpoken = false
  try {
    return await upstream.complete(request, {
      signal: listener.signal,
      onText: (text) => {
        hasSpoken = true
        return listener.onText(text)
      },
    })
  } catch (error) {
    const [next, ...rest] = others
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- onText sets it during the await
    if (next === undefined || hasSpoken || listener.signal.aborted) throw error
    log.warn({ upstream: upstream.name, next: next.name }, 'failover')
    return completeWith(next, rest, attempt)
  }
}
