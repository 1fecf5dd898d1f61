import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { createJournal } from '../../src/conversation/journal.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import { ConversationOptions } from '../../src/conversation/options.ts'
import { flowVersionOf, sealingKeyFrom } from '../../src/conversation/state-token.ts'
import { createFillerMatcher } from '../../src/conversation/view.ts'
import { Flow, type SpokenText } from '../../src/flow/definition.ts'
import { transitionSchemas } from '../../src/flow/edges.ts'
import { Tools } from '../../src/flow/tool-definition.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createToolRunner } from '../../src/tools/create-tool-runner.ts'
import { WebhookOptions } from '../../src/tools/options.ts'
import { LimitOptions } from '../../src/turn/options.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import type { TurnEvent, TurnEngine, TurnEnd, TurnFacts } from '../../src/turn/turn.ts'
import type { TurnRequest } from '../../src/turn/turn-request.ts'
import type { Completion, CompletionRequest, Upstream } from '../../src/upstream/upstream.ts'

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

type Answer = Partial<Completion> | Error
type Model = (request: CompletionRequest) => Answer | Promise<Answer>

interface ModelUpstream extends Upstream {
  readonly requests: CompletionRequest[]
}

/** An upstream in the test's own hands. Where its bytes matter, use the upstream server instead. */
export function createModel(model: Model): ModelUpstream {
  const requests: CompletionRequest[] = []
  return {
    name: 'model',
    requests,
    isUsable: () => true,
    close: async () => undefined,
    async complete(request, listener) {
      requests.push({ ...request, messages: [...request.messages] })
      const answer = await model(request)
      listener.signal.throwIfAborted()
      if (answer instanceof Error) throw answer
      if (answer.text) await listener.onText(answer.text)
      const calls = answer.calls ?? []
      return {
        text: '',
        calls,
        finishReason: calls.length > 0 ? 'tool_calls' : 'stop',
        ...answer,
      }
    },
  }
}

interface EngineOptions {
  readonly flow: unknown
  readonly tools?: unknown
  readonly upstream: Upstream
  readonly fallback?: SpokenText
  readonly limits?: Partial<LimitOptions>
  readonly allowHosts?: readonly string[]
  readonly fillers?: readonly string[]
  /** False: nothing is remembered between requests. */
  readonly remembers?: boolean
  readonly turnTimeoutMs?: number
}

export function buildEngine(options: EngineOptions): TurnEngine {
  const flow = Flow.parse(options.flow)
  const tools = Tools.parse(options.tools ?? {})
  const conversation = ConversationOptions.parse({})
  const now = () => performance.now()
  return createTurnEngine({
    script: {
      flow,
      tools,
      limits: LimitOptions.parse(options.limits ?? {}),
      fallback: options.fallback ?? null,
      turnTimeoutMs: options.turnTimeoutMs ?? 20_000,
      timezone: 'UTC',
      view: {
        fillers: createFillerMatcher(options.fillers ?? []),
        stateTool: conversation.state_tool,
      },
      token: {
        sealingKey: sealingKeyFrom('a secret of the tests'),
        flowVersion: flowVersionOf(flow),
      },
    },
    resolveKey: createKeyResolver(conversation.key),
    upstream: options.upstream,
    tools: createToolRunner({
      tools,
      schemas: transitionSchemas(flow),
      webhooks: WebhookOptions.parse({ allow_hosts: options.allowHosts ?? [] }),
      log: silentLog,
      logsContents: true,
    }),
    store:
      options.remembers === false
        ? null
        : createMemoryStore({ create: createJournal, retainMs: 60_000, maxEntries: 100, now }),
    log: silentLog,
    now,
    date: () => new Date('2026-11-20T09:30:00Z'),
  })
}

export function toRequest(
  messages: readonly ConversationMessage[],
  more: Partial<TurnRequest> & { readonly key?: string | null } = {},
): TurnRequest {
  const { key = 'call-1', ...rest } = more
  return {
    caller: 'test',
    keyMaterial: {
      headers: key === null ? {} : { 'x-conversation-id': key },
      query: {},
      body: {},
      extraBody: rest.extra ?? {},
    },
    messages,
    platformTools: [],
    parameters: {},
    wantsUsage: false,
    extra: {},
    ...rest,
  }
}

export interface Answered extends TurnEnd {
  readonly facts: TurnFacts
  readonly text: string
  readonly events: readonly TurnEvent[]
}

/** Runs one request to its end. */
export async function answer(
  engine: TurnEngine,
  request: TurnRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Answered> {
  const events: TurnEvent[] = []
  const turn = engine.begin(request)
  const onEvent = (event: TurnEvent) => void events.push(event)
  const end = await turn.run({ signal, streams: true, onEvent })
  const text = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')
  return { ...end, facts: turn.facts, text, events }
}
