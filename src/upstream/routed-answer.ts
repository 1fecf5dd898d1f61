import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { EndpointChoice } from './endpoint-choice.ts'
import { failureReasonOf } from './failure.ts'
import type { Completion, CompletionListener, CompletionRequest, Endpoint } from './upstream.ts'

/** One completion on its way over the endpoints. */
export interface RoutedAnswer {
  readonly request: CompletionRequest
  readonly listener: CompletionListener
  readonly choice: EndpointChoice
  readonly voice: AnswerVoice
  readonly log: Log
  readonly metrics: Metrics
}

/** What came of asking an endpoint, or two at once. */
export type Asked = { readonly type: 'completed'; readonly completion: Completion } | FailedEndpoint

export interface FailedEndpoint {
  readonly type: 'failed'
  readonly endpoint: Endpoint
  readonly error: unknown
}

/** The way to the listener, for whichever endpoint speaks. */
interface AnswerVoice {
  /** The first token came; known to the listener once, whoever began. */
  readonly begin: () => void
  readonly give: (text: string) => void | Promise<void>
  /** All that the listener was given. */
  readonly said: () => string
}

export function createAnswerVoice({ onText, onFirstToken }: CompletionListener): AnswerVoice {
  let said = ''
  let hasBegun = false
  return {
    begin() {
      if (hasBegun) return
      hasBegun = true
      onFirstToken?.()
    },
    give(text) {
      said += text
      return onText(text)
    },
    said: () => said,
  }
}

/** Asks one endpoint, and no other beside it. */
export async function askOne(answer: RoutedAnswer, endpoint: Endpoint): Promise<Asked> {
  const { request, listener, voice, choice } = answer
  try {
    const completion = await endpoint.complete(request, {
      signal: listener.signal,
      onText: voice.give,
      onFirstToken: voice.begin,
    })
    return { type: 'completed', completion }
  } catch (error) {
    choice.exclude(endpoint)
    return { type: 'failed', endpoint, error }
  }
}

/** Who failed, who is asked now and why, for the log. */
export function handover({ endpoint, error }: FailedEndpoint, next: Endpoint): object {
  return {
    upstream: endpoint.name,
    next: next.name,
    reason: failureReasonOf(error) ?? 'unknown',
  }
}
