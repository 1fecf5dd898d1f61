import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildApp, type App } from './app.ts'
import type { Config } from './config/schema.ts'
import { usesCallData } from './config/uses-call-data.ts'
import { createKeyResolver } from './conversation/conversation-key.ts'
import {
  charactersOf,
  createJournal,
  hasRunningTurn,
  type Journal,
} from './conversation/journal.ts'
import { flowVersionOf, sealingKeyFrom } from './conversation/state-token.ts'
import { createFillerMatcher } from './conversation/view.ts'
import { createAssent } from './effects/assent.ts'
import { createMemoryLedger } from './effects/memory-ledger.ts'
import { createReadMemory } from './effects/read-memory.ts'
import { createSharedLedger } from './effects/shared-ledger.ts'
import type { Flow, SpokenText } from './flow/definition.ts'
import { transitionSchemas } from './flow/edges.ts'
import { allFillerTexts, type OwnFiller } from './flow/filler.ts'
import type { Log } from './observability/log.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { createMemoryStore, type MemoryStore } from './store/memory-store.ts'
import { createRedisStore } from './store/redis-store.ts'
import type { SharedStore } from './store/shared-store.ts'
import { createToolRunner } from './tools/create-tool-runner.ts'
import { createMemoryJournals, createNoJournals } from './turn/journals/memory-journals.ts'
import { createSharedJournals } from './turn/journals/shared-journals.ts'
import { BUILT_IN_FALLBACK, type TurnSettings } from './turn/settings.ts'
import { createTurnEngine } from './turn/turn-engine.ts'
import { undosDecidedBySilence } from './turn/undo/due-undos.ts'
import { createSharedSchedule } from './turn/undo/shared-schedule.ts'
import { createMemorySchedule } from './turn/undo/undo-schedule.ts'
import { createUpstreams } from './upstream/create-upstreams.ts'

/** Conversations that are remembered at a time; the oldest idle ones go first. */
export const MAX_CONVERSATIONS = 10_000
/** Of all of them together: some 200 MB at most. */
export const MAX_CHARACTERS = 50_000_000

/** Platforms close a try that is too slow and ask again within a second or two. */
const ATTACH_GRACE_MS = 2500
/** Who has not asked for so long has hung up, and was told nothing more. */
const UNDO_AFTER_MS = 60_000

interface ServiceDependencies {
  readonly config: Config
  readonly log: Log
  readonly openApiText: string
}

interface Service {
  readonly app: App
  /** Resolves once the shared store answers, if there is one, and in any case after so many milliseconds. */
  readonly connected: (limitMs: number) => Promise<void>
  /** Lets running turns end, at most so many milliseconds, then closes every connection. */
  readonly close: (limitMs: number) => Promise<void>
}

/** Puts a checked configuration together as a server that does not listen yet. */
export function createService({ config, log, openApiText }: ServiceDependencies): Service {
  const metrics = createMetrics()
  const settings = toTurnSettings(config)
  const { store, schedule, ...memory } = createMemory(config, log)
  const upstream = createUpstreams({
    upstreams: config.upstreams,
    routing: config.routing,
    stripThink: config.speech.strip_think,
    log,
    metrics,
  })
  const tools = createTools(config, log, metrics)
  const engine = createTurnEngine({
    ...memory,
    settings,
    schedule,
    resolveKey: createKeyResolver(config.conversation.key),
    upstream,
    tools,
    reads: createReadMemory({ now: memory.now }),
    assents: createAssent(config.assent),
    metrics,
    log,
    date: () => new Date(),
  })
  const app = buildApp({
    engine,
    keys: config.auth.keys,
    platform: config.platform,
    log,
    metrics,
    limits: config.limits,
    models: [config.flow.name],
    readiness: () => ({
      upstream: upstream.isUsable() ? 'ok' : 'unusable',
      ...(store && { store: store.isUp() ? 'ok' : 'unreachable' }),
      mcp: tools.mcpServers(),
    }),
    openApiText,
    retell: { greet_after_call_details: usesCallData(config.flow), ...config.retell },
    conversationRelay: config.conversation_relay,
    elevenlabs: config.elevenlabs,
  })
  return {
    app,
    connected: (limitMs) => (store ? whenUp(store, limitMs) : Promise.resolve()),
    close: async (limitMs) => {
      const until = performance.now() + limitMs
      await app.close(limitMs)
      schedule.close()
      await withinLimit(engine.idle(), until - performance.now())
      memory.ledger.close()
      await Promise.all([upstream.close(), tools.close()])
      // Last: what came of the others is recorded there.
      await store?.close()
    },
  }
}

function createTools({ tools, mcp, flow, webhooks }: Config, log: Log, metrics: Metrics) {
  return createToolRunner({
    tools,
    mcp,
    schemas: transitionSchemas(flow),
    webhooks,
    log,
    metrics,
    logsContents: hasNoSecrets(flow),
    now: () => performance.now(),
  })
}

function hasNoSecrets(flow: Flow): boolean {
  return !Object.values(flow.variables).some((variable) => variable.sensitive)
}

async function withinLimit(work: Promise<void>, limitMs: number): Promise<void> {
  const limit = new AbortController()
  await Promise.race([work, sleep(Math.max(0, limitMs), undefined, { signal: limit.signal })])
  limit.abort()
}

async function whenUp(store: SharedStore, limitMs: number): Promise<void> {
  if (store.isUp()) return
  await withinLimit(
    new Promise((resolve) => store.onUpChange((isUp) => isUp && resolve())),
    limitMs,
  )
}

/** What outlives a request, in this process or shared with other instances. */
function createMemory({ store: options, conversation, auth }: Config, log: Log) {
  const { retain: retainMs } = conversation
  const secret = auth.signing_secret ?? randomSecret()
  if (options.type === 'redis') {
    const store = createRedisStore({ url: options.url, prefix: options.prefix, log })
    return {
      store,
      instance: store.instance,
      now: () => store.now(),
      journals: createSharedJournals({ store, retainMs, log }),
      ledger: createSharedLedger({ store, secret, retainMs, log }),
      schedule: createSharedSchedule({ store, log }),
    }
  }
  const now = () => performance.now()
  const maxEntries = MAX_CONVERSATIONS
  return {
    store: null,
    instance: 'this',
    now,
    journals:
      options.type === 'none'
        ? createNoJournals()
        : createMemoryJournals(createJournalStore({ retainMs, maxEntries, now })),
    // Also where nothing else is remembered: a thing is done once, at least by this process.
    ledger: createMemoryLedger({ secret, retainMs, maxConversations: maxEntries, now }),
    schedule: createMemorySchedule(),
  }
}

interface JournalStoreOptions {
  readonly retainMs: number
  readonly maxEntries: number
  readonly now: () => number
}

function createJournalStore(options: JournalStoreOptions): MemoryStore<Journal> {
  return createMemoryStore({
    ...options,
    create: createJournal,
    weightOf: charactersOf,
    maxWeight: MAX_CHARACTERS,
    isBusy: (journal) => hasRunningTurn(journal) || undosDecidedBySilence(journal).length > 0,
  })
}

/** What is made with it is void after a restart. */
function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What the configuration means for each turn. */
export function toTurnSettings(config: Omit<Config, 'upstreams'>): TurnSettings {
  const { flow, tools, limits, conversation, fallback, filler } = config
  const signingSecret = config.auth.signing_secret ?? randomSecret()
  const fillers = fillerTexts(config)
  return {
    flow,
    tools,
    limits,
    fallback: fallback ?? null,
    turnTimeoutMs: config.routing.turn_timeout_ms,
    attachGraceMs: ATTACH_GRACE_MS,
    undoAfterMs: UNDO_AFTER_MS,
    filler: filler ?? null,
    hasFillers: fillers.length > 0,
    speech: config.speech,
    showsToolContents: hasNoSecrets(flow),
    timezone: conversation.timezone,
    view: {
      fillers: createFillerMatcher([
        ...conversation.ignore_assistant_texts,
        ...otherFillers(config),
        ...fillers,
      ]),
      stateTool: conversation.state_tool,
    },
    token: {
      sealingKey: sealingKeyFrom(signingSecret),
      flowVersion: flowVersionOf({ flow, tools }),
    },
  }
}

/** What this server says without it being an answer, besides its fillers, in every language. */
function otherFillers({ fallback, tools }: Omit<Config, 'upstreams'>): readonly string[] {
  const texts: readonly SpokenText[] = [
    BUILT_IN_FALLBACK,
    ...(fallback === undefined ? [] : [fallback]),
    ...Object.values(tools).flatMap((tool): readonly SpokenText[] =>
      tool.execution_message === undefined ? [] : [tool.execution_message],
    ),
  ]
  return texts.flatMap(allLanguages)
}

function fillerTexts({ filler, flow, tools }: Omit<Config, 'upstreams'>): readonly string[] {
  const places = [filler, ...[flow.states, tools].flatMap(fillersIn)]
  return places.flatMap((place) => allFillerTexts(place).map(({ text }) => text))
}

function fillersIn(places: Readonly<Record<string, { readonly filler?: OwnFiller | undefined }>>) {
  return Object.values(places).map((place) => place.filler)
}

function allLanguages(text: SpokenText): readonly string[] {
  return typeof text === 'string' ? [text] : Object.values(text)
}
