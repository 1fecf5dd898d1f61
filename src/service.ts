import { randomBytes } from 'node:crypto'
import { buildApp, type App } from './app.ts'
import type { Config } from './config/schema.ts'
import { createKeyResolver } from './conversation/conversation-key.ts'
import { charactersOf, createJournal, hasRunningTurn } from './conversation/journal.ts'
import { flowVersionOf, sealingKeyFrom } from './conversation/state-token.ts'
import { createFillerMatcher } from './conversation/view.ts'
import { createLedger } from './effects/ledger.ts'
import type { SpokenText } from './flow/definition.ts'
import { transitionSchemas } from './flow/edges.ts'
import type { Log } from './observability/log.ts'
import { createMemoryStore } from './store/memory-store.ts'
import { createToolRunner } from './tools/create-tool-runner.ts'
import type { FillerOptions } from './turn/options.ts'
import { BUILT_IN_FALLBACK, type TurnSettings } from './turn/settings.ts'
import { createTurnEngine } from './turn/turn-engine.ts'
import { createUpstreams } from './upstream/create-upstreams.ts'

/** Conversations that are remembered at a time; the oldest idle ones go first. */
export const MAX_CONVERSATIONS = 10_000
/** Of all of them together: some 200 MB at most. */
export const MAX_CHARACTERS = 50_000_000

/** Platforms close a try that is too slow and ask again within a second or two. */
const ATTACH_GRACE_MS = 2500

interface ServiceDependencies {
  readonly config: Config
  readonly log: Log
  readonly openApiText: string
}

interface Service {
  readonly app: App
  /** Lets running turns end, at most so many milliseconds, then closes every connection. */
  readonly close: (limitMs: number) => Promise<void>
}

/** Puts a checked configuration together as a server that does not listen yet. */
export function createService({ config, log, openApiText }: ServiceDependencies): Service {
  const upstream = createUpstreams({ upstreams: config.upstreams, routing: config.routing, log })
  const tools = createToolRunner({
    tools: config.tools,
    schemas: transitionSchemas(config.flow),
    webhooks: config.webhooks,
    log,
    logsContents: !Object.values(config.flow.variables).some((variable) => variable.sensitive),
  })
  const now = () => performance.now()
  const engine = createTurnEngine({
    settings: toTurnSettings(config),
    resolveKey: createKeyResolver(config.conversation.key),
    upstream,
    tools,
    store:
      config.store.type === 'none'
        ? null
        : createMemoryStore({
            create: createJournal,
            retainMs: config.conversation.retain,
            maxEntries: MAX_CONVERSATIONS,
            weightOf: charactersOf,
            maxWeight: MAX_CHARACTERS,
            isBusy: hasRunningTurn,
            now,
          }),
    ledger:
      config.store.type === 'none'
        ? null
        : createLedger({
            retainMs: config.conversation.retain,
            maxConversations: MAX_CONVERSATIONS,
            now,
          }),
    log,
    now,
    date: () => new Date(),
  })
  const app = buildApp({
    engine,
    keys: config.auth.keys,
    log,
    limits: config.limits,
    models: [config.flow.name],
    isReady: () => upstream.isUsable(),
    openApiText,
  })
  return {
    app,
    close: async (limitMs) => {
      await app.close(limitMs)
      await Promise.all([upstream.close(), tools.close()])
    },
  }
}

/** What the configuration means for each turn. */
export function toTurnSettings(config: Omit<Config, 'upstreams'>): TurnSettings {
  const { flow, tools, limits, conversation, fallback } = config
  const signingSecret = config.auth.signing_secret ?? randomBytes(32).toString('base64url')
  return {
    flow,
    tools,
    limits,
    fallback: fallback ?? null,
    turnTimeoutMs: config.routing.turn_timeout_ms,
    attachGraceMs: ATTACH_GRACE_MS,
    timezone: conversation.timezone,
    view: {
      fillers: createFillerMatcher([...conversation.ignore_assistant_texts, ...ownFillers(config)]),
      stateTool: conversation.state_tool,
    },
    token: {
      sealingKey: sealingKeyFrom(signingSecret),
      flowVersion: flowVersionOf({ flow, tools }),
    },
  }
}

/** What this server says without it being an answer, in every language. */
function ownFillers({ filler, fallback, tools }: Omit<Config, 'upstreams'>): readonly string[] {
  const texts: readonly SpokenText[] = [
    BUILT_IN_FALLBACK,
    ...(fallback === undefined ? [] : [fallback]),
    ...Object.values(tools).flatMap((tool): readonly SpokenText[] =>
      tool.execution_message === undefined ? [] : [tool.execution_message],
    ),
  ]
  const fillers: FillerOptions['texts'] = filler?.texts ?? []
  return [
    ...texts.flatMap(allLanguages),
    ...(Array.isArray(fillers) ? fillers : Object.values(fillers).flat()),
  ]
}

function allLanguages(text: SpokenText): readonly string[] {
  return typeof text === 'string' ? [text] : Object.values(text)
}
