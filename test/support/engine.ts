import { ConfigFile } from '../../src/config/schema.ts'
import { toTurnSettings } from '../../src/service.ts'
import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { charactersOf, createJournal } from '../../src/conversation/journal.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { SpokenText } from '../../src/flow/definition.ts'
import { createLedger } from '../../src/effects/ledger.ts'
import { transitionSchemas } from '../../src/flow/edges.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createToolRunner } from '../../src/tools/create-tool-runner.ts'
import type { LimitOptions } from '../../src/turn/options.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import type { TurnEvent, TurnEngine, TurnEnd, TurnFacts } from '../../src/turn/turn.ts'
import type { TurnRequest } from '../../src/turn/turn-request.ts'
import type { Completion, CompletionRequest, Upstream } from '../../src/upstream/upstream.ts'

const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** `until`: after its text the answer stays open so long. */
type Answer = (Partial<Completion> & { readonly until?: Promise<unknown> | undefined }) | Error
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
      const { until, calls = [], ...rest } = answer
      await Promise.race([until, aborted(until && listener.signal)])
      return { text: '', calls, finishReason: calls.length > 0 ? 'tool_calls' : 'stop', ...rest }
    },
  }
}

/** Rejects when the signal is aborted; without one it is fulfilled at once. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!signal) resolve()
    signal?.addEventListener('abort', () => reject(signal.reason as Error)) // the caller's, an error
  })
}

interface EngineOptions {
  readonly flow: unknown
  readonly tools?: unknown
  readonly upstream: Upstream
  readonly fallback?: SpokenText
  readonly limits?: Partial<LimitOptions>
  readonly fillers?: readonly string[]
  /** False: nothing is remembered between requests. */
  readonly remembers?: boolean
  readonly turnTimeoutMs?: number
  readonly attachGraceMs?: number
}

export function buildEngine(options: EngineOptions): TurnEngine {
  const config = ConfigFile.parse({
    version: 1,
    auth: { signing_secret: 'a secret of the tests' },
    upstreams: { unused: { base_url: 'http://127.0.0.1:9', model: 'none' } },
    routing: { turn_timeout_ms: options.turnTimeoutMs ?? 20_000 },
    conversation: { ignore_assistant_texts: options.fillers ?? [] },
    limits: options.limits ?? {},
    flow: options.flow,
    tools: options.tools ?? {},
    ...(options.fallback !== undefined && { fallback: options.fallback }),
  })
  const now = () => performance.now()
  const { flow, tools } = config
  return createTurnEngine({
    settings: { ...toTurnSettings(config), attachGraceMs: options.attachGraceMs ?? 2500 },
    resolveKey: createKeyResolver(config.conversation.key),
    upstream: options.upstream,
    tools: createToolRunner({
      tools,
      schemas: transitionSchemas(flow),
      webhooks: config.webhooks,
      log: silentLog,
      logsContents: true,
    }),
    store:
      options.remembers === false
        ? null
        : createMemoryStore({
            create: createJournal,
            retainMs: 60_000,
            maxEntries: 100,
            weightOf: charactersOf,
            maxWeight: 10_000_000,
            now,
          }),
    ledger:
      options.remembers === false
        ? null
        : createLedger({ retainMs: 60_000, maxConversations: 100, now }),
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
