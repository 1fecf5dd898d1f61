import type { ConversationKey } from '../conversation/conversation-key.ts'
import type { ConversationMessage } from '../conversation/message.ts'
import { TurnstateError } from '../errors.ts'
import type { Completion, Upstream, UpstreamMessage } from '../upstream/upstream.ts'
import type { TurnAnswer, TurnFacts, TurnListener } from './turn.ts'
import type { TurnRequest } from './turn-request.ts'

interface SideJobDependencies {
  readonly upstream: Upstream
  readonly timeoutMs: number
}

/** It stands nowhere in the flow. */
const NO_STATE = 'none'

/**
 * A job that a framework does for itself in the name of a call: a plain completion of the given
 * messages. No prompt, tool or state of the flow takes part, and nothing is remembered or filtered.
 */
export function answerSideJob(
  request: TurnRequest,
  key: ConversationKey | null,
  dependencies: SideJobDependencies,
): TurnAnswer {
  return {
    facts: toFacts(key),
    source: 'generated',
    ended: Promise.resolve(),
    // Nobody waits for its first word.
    hasAnswered: () => false,
    delivered: () => undefined,
    async run(listener) {
      const { text, calls, finishReason, usage } = await complete(request, listener, dependencies)
      if (text !== '') await listener.onEvent({ type: 'text-delta', text })
      for (const call of calls) await listener.onEvent({ type: 'tool-call', call })
      return {
        finishReason,
        isSuperseded: false,
        isFailed: false,
        ...(usage && { usage }),
        state: NO_STATE,
        // As of a client that has none yet.
        token: () => '',
      }
    },
  }
}

/** Whole or not at all: a summary that was cut off must not look like one. */
async function complete(
  request: TurnRequest,
  { signal }: TurnListener,
  { upstream, timeoutMs }: SideJobDependencies,
): Promise<Completion> {
  const end = new AbortController()
  const hangUp = () => end.abort(signal.reason)
  const tooLong = () => end.abort(new TurnstateError('upstream_timeout', 'It took too long.'))
  const limit = setTimeout(tooLong, timeoutMs)
  signal.addEventListener('abort', hangUp)
  try {
    signal.throwIfAborted()
    const { platformTools: tools, toolChoice, parameters, wantsUsage, messages } = request
    return await upstream.complete(
      {
        messages: messages.map(toUpstreamMessage),
        tools,
        ...(toolChoice !== undefined && { toolChoice }),
        parameters,
        wantsUsage,
        state: NO_STATE,
      },
      { signal: end.signal, onText: () => undefined },
    )
  } finally {
    clearTimeout(limit)
    signal.removeEventListener('abort', hangUp)
  }
}

function toUpstreamMessage(message: ConversationMessage): UpstreamMessage {
  const { text, parts, calls, callId, encoded } = message
  switch (message.role) {
    case 'system':
      return { role: 'system', content: text }
    case 'user':
      return { role: 'user', content: parts ?? text, ...(encoded && { encoded }) }
    case 'assistant': {
      if (!calls) return { role: 'assistant', content: text, ...(encoded && { encoded }) }
      return { role: 'assistant', content: text === '' ? null : text, calls }
    }
    case 'tool':
      return { role: 'tool', callId: callId ?? '', content: text }
  }
}

function toFacts(key: ConversationKey | null): TurnFacts {
  return {
    conversation: key?.key ?? null,
    keySource: key?.source ?? 'none',
    exchange: 0,
    state: NO_STATE,
    kind: 'side_job',
    heard: 'unknown',
    confidence: 'low',
  }
}
