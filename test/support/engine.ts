import { ConfigFile } from '../../src/config/schema.ts'
import { toTurnSettings } from '../../src/service.ts'
import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { charactersOf, createJournal } from '../../src/conversation/journal.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { SpokenText } from '../../src/flow/definition.ts'
import { createAssent } from '../../src/effects/assent.ts'
import { createMemoryLedger } from '../../src/effects/memory-ledger.ts'
import { createReadMemory } from '../../src/effects/read-memory.ts'
import { transitionSchemas } from '../../src/flow/edges.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createToolRunner } from '../../src/tools/create-tool-runner.ts'
import { createMemoryJournals, createNoJournals } from '../../src/turn/journals/memory-journals.ts'
import type { LimitOptions } from '../../src/turn/options.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import { createMemorySchedule } from '../../src/turn/undo/undo-schedule.ts'
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
  /** Further top-level keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  /** False: nothing is remembered between requests. */
  readonly remembers?: boolean
  readonly turnTimeoutMs?: number
  readonly attachGraceMs?: number
  readonly undoAfterMs?: number
  /** What engines that share a store have in common; else each has a memory of its own. */
  readonly memory?: EngineMemory
}

type EngineMemory = Pick<
  Parameters<typeof createTurnEngine>[0],
  'journals' | 'ledger' | 'schedule' | 'instance' | 'now'
>

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
    ...options.config,
  })
  const { flow, tools } = config
  const settings = {
    ...toTurnSettings(config),
    attachGraceMs: options.attachGraceMs ?? 2500,
    undoAfterMs: options.undoAfterMs ?? 60_000,
  }
  const memory = options.memory ?? createMemory(options, 'a secret of effects')
  return createTurnEngine({
    ...memory,
    settings,
    resolveKey: createKeyResolver(config.conversation.key),
    upstream: options.upstream,
    tools: createToolRunner({
      tools,
      mcp: {},
      schemas: transitionSchemas(flow),
      webhooks: config.webhooks,
      log: silentLog,
      metrics,
      logsContents: true,
      now: () => performance.now(),
    }),
    reads: createReadMemory({ now: memory.now }),
    assents: createAssent(config.assent),
    metrics,
    log: silentLog,
    date: () => new Date('2026-11-20T09:30:00Z'),
  })
}

const metrics = createMetrics()

function createMemory({ remembers = true }: EngineOptions, secret: string): EngineMemory {
  const now = () => performance.now()
  const journals = remembers
    ? createMemoryJournals(
        createMemoryStore({
          create: createJournal,
          retainMs: 60_000,
          maxEntries: 100,
          weightOf: charactersOf,
          maxWeight: 10_000_000,
          now,
        }),
      )
    : createNoJournals()
  return {
    journals,
    ledger: createMemoryLedger({ secret, retainMs: 60_000, maxConversations: 100, now }),
    schedule: createMemorySchedule(),
    instance: 'this',
    now,
  }
}

export function toRequest(
  messages: readonly ConversationMessage[],
  more: Partial<TurnRequest> & { readonly key?: string | null } = {},
): TurnRequest {
  const { key = 'call-1', ...rest } = more
  return {
    caller: 'test',
    keyMaterial: {
      platform: 'other',
      call: {},
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
  const turn = await engine.begin(request)
  const onEvent = (event: TurnEvent) => void events.push(event)
  const end = await turn.run({ signal, streams: true, onEvent })
  const text = events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')
  return { ...end, facts: turn.facts, text, events }
}
