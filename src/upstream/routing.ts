import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { continueAnswer } from './continuation.ts'
import { createEndpointChoice } from './endpoint-choice.ts'
import { upstreamError } from './failure.ts'
import { askHedged, hedgeDelay } from './hedge.ts'
import { createHedgeBudget } from './hedge-budget.ts'
import type { HedgeBudget } from './hedge-budget.ts'
import type { RoutingOptions } from './options.ts'
import { askOne, createAnswerVoice, handover } from './routed-answer.ts'
import type { Asked, RoutedAnswer } from './routed-answer.ts'
import type { Completion, Endpoint, Upstream } from './upstream.ts'

interface RoutingDependencies {
  /** In the order in which they are asked. */
  readonly endpoints: readonly Endpoint[]
  readonly hedge: RoutingOptions['hedge']
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Several endpoints as one upstream. Before the first word of an answer the next one is asked
 * whenever one fails, and a second one early when the first is slow; an answer that breaks off
 * later is finished by another.
 */
export function createRouting({ endpoints, hedge, log, metrics }: RoutingDependencies): Upstream {
  const budget = createHedgeBudget(hedge?.max_share ?? 0)
  return {
    name: endpoints.map(({ name }) => name).join(', '),
    complete: (request, listener) => {
      const choice = createEndpointChoice(endpoints)
      const voice = createAnswerVoice(listener)
      const answer: RoutedAnswer = { request, listener, choice, voice, log, metrics }
      return route(answer, { hedge, budget })
    },
    isUsable: () => endpoints.some((endpoint) => endpoint.isUsable()),
    close: async () => {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    },
  }
}

interface Hedging {
  readonly hedge: RoutingOptions['hedge']
  readonly budget: HedgeBudget
}

async function route(answer: RoutedAnswer, hedging: Hedging): Promise<Completion> {
  const { listener, choice, voice, log, metrics } = answer
  listener.signal.throwIfAborted()
  const first = choice.next()
  if (first === undefined) throw upstreamError('circuit_open')
  let asked = await askFirst(answer, first, hedging)
  while (asked.type === 'failed') {
    listener.signal.throwIfAborted()
    if (voice.said() !== '') return continueAnswer(answer, asked)
    const next = choice.next()
    if (next === undefined) throw asked.error
    log.warn(handover(asked, next), 'failover')
    metrics.failover(asked.endpoint.name)
    asked = await askOne(answer, next)
  }
  return asked.completion
}

function askFirst(
  answer: RoutedAnswer,
  endpoint: Endpoint,
  { hedge, budget }: Hedging,
): Promise<Asked> {
  budget.earn()
  const delayMs = hedgeDelay(endpoint, hedge)
  return delayMs === undefined
    ? askOne(answer, endpoint)
    : askHedged({ answer, endpoint, delayMs, budget })
}
