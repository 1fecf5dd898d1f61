import { setTimeout as wait } from 'node:timers/promises'
import { upstreamError } from './failure.ts'
import type { RoutingOptions } from './options.ts'
import { planAnswer } from './script-answer.ts'
import type { PlannedAnswer } from './script-answer.ts'
import type { Script } from './script.ts'
import { untilAborted } from '../until-aborted.ts'
import type {
  Completion,
  CompletionListener,
  CompletionRequest,
  Endpoint,
  Usage,
} from './upstream.ts'

interface ScriptedUpstreamOptions {
  readonly name: string
  readonly script: Script
  readonly routing: Pick<RoutingOptions, 'first_token_timeout_ms' | 'idle_timeout_ms'>
}

type Timeouts = ScriptedUpstreamOptions['routing']

/** A deterministic stand-in for a language model: no network, the same answer to the same request. */
export function createScriptedUpstream({
  name,
  script,
  routing,
}: ScriptedUpstreamOptions): Endpoint {
  return {
    name,
    complete: async (request, listener) => {
      listener.signal.throwIfAborted()
      const answer = planAnswer(script, request)
      try {
        await play(answer, listener, routing)
      } catch (error) {
        // A timer rejects with an error of its own; the listener was promised the signal's reason.
        listener.signal.throwIfAborted()
        throw error
      }
      return toCompletion(answer, request)
    },
    isUsable: () => true,
    admits: () => true,
    isToldToWait: () => false,
    firstTokenP95Ms: () => undefined,
    close: () => Promise.resolve(),
  }
}

async function play(
  { text, calls, fault, first_token_ms, token_ms }: PlannedAnswer,
  { signal, onText, onFirstToken }: CompletionListener,
  timeouts: Timeouts,
): Promise<void> {
  const isLate = fault === 'hang' || first_token_ms > timeouts.first_token_timeout_ms
  await wait(isLate ? timeouts.first_token_timeout_ms : first_token_ms, undefined, { signal })
  if (isLate) throw upstreamError('first_token_timeout')
  if (fault === 'error') throw upstreamError('status')
  if (fault === 'empty' || (text.trim() === '' && calls.length === 0)) throw upstreamError('empty')

  const words = text.match(/\s*\S+\s*/g) ?? []
  onFirstToken?.()
  const isCut = fault === 'break' || fault === 'stall'
  const spoken = isCut ? words.slice(0, Math.ceil(words.length / 2)) : words
  for (const [index, piece] of (token_ms === 0 ? [spoken.join('')] : spoken).entries()) {
    if (index > 0) await waitForToken(token_ms, timeouts, signal)
    signal.throwIfAborted()
    if (piece !== '') await untilAborted(Promise.resolve(onText(piece)), signal)
  }
  signal.throwIfAborted()
  if (fault === 'break') throw upstreamError('broken')
  if (fault === 'stall') await waitForToken(Infinity, timeouts, signal)
}

async function waitForToken(
  afterMs: number,
  timeouts: Timeouts,
  signal: AbortSignal,
): Promise<void> {
  await wait(Math.min(afterMs, timeouts.idle_timeout_ms), undefined, { signal })
  if (afterMs > timeouts.idle_timeout_ms) throw upstreamError('idle_timeout')
}

function toCompletion({ text, calls }: PlannedAnswer, request: CompletionRequest): Completion {
  return {
    text,
    calls,
    finishReason: calls.length > 0 ? 'tool_calls' : 'stop',
    ...(request.wantsUsage && { usage: usageOf(text, request) }),
  }
}

/** Words stand in for tokens. */
function usageOf(text: string, { messages }: CompletionRequest): Usage {
  const prompt = messages
    .map(({ content }) => (typeof content === 'string' ? content : ''))
    .join(' ')
  const promptTokens = wordCount(prompt)
  const completionTokens = wordCount(text)
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens }
}

function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
