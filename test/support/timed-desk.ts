import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { parseConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { charactersOf, createJournal, type JournalTurn } from '../../src/conversation/journal.ts'
import { createAssent } from '../../src/effects/assent.ts'
import { createMemoryLedger } from '../../src/effects/memory-ledger.ts'
import { createReadMemory } from '../../src/effects/read-memory.ts'
import { transitionSchemas } from '../../src/flow/edges.ts'
import type { Log } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { toTurnSettings } from '../../src/service.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createToolRunner } from '../../src/tools/create-tool-runner.ts'
import type { Journals } from '../../src/turn/journals/journals.ts'
import { createMemoryJournals } from '../../src/turn/journals/memory-journals.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import type { UndoSchedule } from '../../src/turn/undo/undo-schedule.ts'
import { createUpstreams } from '../../src/upstream/create-upstreams.ts'
import { deskConfig, lookingAt, type EffectDeskOptions } from './effect-desk.ts'
import { listeningApp, post } from './listening-app.ts'
import { openStream } from './live-stream.ts'
import { startToolServer } from './tool-server.ts'
import { startUpstreamServer } from './upstream-server.ts'

interface TimedDeskOptions extends EffectDeskOptions {
  /** For how long a turn goes on that nobody listens to. */
  readonly attachGraceMs?: number
  readonly undoAfterMs?: number
  readonly schedule?: UndoSchedule
  /** What a turn did is kept only after this, as a store takes its time. */
  readonly beforeKeep?: (turn: JournalTurn) => Promise<void>
  /** Milliseconds of the server's clock; `performance.now` by default. */
  readonly now?: () => number
}

const Body = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullish() }) })).default([]),
})

/** A desk as `startEffectDesk` makes one, whose clock and limits are the test's own. */
export async function startTimedDesk(options: TimedDeskOptions) {
  const webhooks = await startToolServer()
  const upstream = await startUpstreamServer()
  onTestFinished(() => upstream.close())
  const config = toConfig(options, options.tools(webhooks.at), upstream.url)
  const logged: string[] = []
  const write = (_: object, message: string) => void logged.push(message)
  const log = { debug: write, info: write, warn: write, error: write }
  const { url } = await listeningApp({ engine: createEngine(config, options, log), log })
  const headers = { 'x-conversation-id': 'call-1' }
  return {
    upstream,
    webhooks,
    logged,
    ...lookingAt(upstream),
    turn: async (messages: readonly object[]) => {
      const answer = await post(`${url}/v1/chat/completions`, { messages }, headers)
      const { choices } = Body.parse(await answer.json())
      const kind = answer.headers.get('x-turnstate-kind')
      return { status: answer.status, kind, text: choices[0]?.message.content ?? '' }
    },
    stream: (messages: readonly object[]) =>
      openStream(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ stream: true, messages }),
      }),
  }
}

function toConfig(
  options: EffectDeskOptions,
  tools: Readonly<Record<string, unknown>>,
  url: string,
): Config {
  const { config, flow, ...rest } = deskConfig(options, tools)
  const file = {
    version: 1,
    auth: { signing_secret: 'a secret for the tests only' },
    upstreams: { primary: { base_url: url, model: 'test-model' } },
    routing: { first_token_timeout_ms: 20_000, idle_timeout_ms: 20_000 },
    flow: { name: 'timed-flow', ...flow },
    ...rest,
    ...config,
  }
  const loaded = parseConfig({ text: stringify(file), file: 'timed.yaml', environment: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

function createEngine(
  config: Config,
  { attachGraceMs = 2500, undoAfterMs = 60_000, ...options }: TimedDeskOptions,
  log: Log,
) {
  const now = options.now ?? (() => performance.now())
  const metrics = createMetrics()
  const settings = { ...toTurnSettings(config), attachGraceMs, undoAfterMs }
  const upstream = createUpstreams({
    upstreams: config.upstreams,
    routing: config.routing,
    stripThink: config.speech.strip_think,
    log,
    metrics,
  })
  const tools = createToolRunner({
    tools: config.tools,
    mcp: {},
    schemas: transitionSchemas(config.flow),
    webhooks: config.webhooks,
    log,
    metrics,
    logsContents: false,
    now: () => performance.now(),
  })
  onTestFinished(async () => {
    await Promise.all([upstream.close(), tools.close()])
  })
  const bounds = { retainMs: 60_000, now }
  const journals = createMemoryStore({
    ...bounds,
    create: createJournal,
    maxEntries: 100,
    weightOf: charactersOf,
    maxWeight: 10_000_000,
  })
  return createTurnEngine({
    settings,
    resolveKey: createKeyResolver(config.conversation.key),
    upstream,
    tools,
    reads: createReadMemory({ now }),
    assents: createAssent(config.assent),
    metrics,
    log,
    date: () => new Date(),
    journals: keepingAfter(createMemoryJournals(journals), options.beforeKeep),
    ledger: createMemoryLedger({ ...bounds, secret: 'a secret of effects', maxConversations: 100 }),
    schedule: options.schedule ?? createHandSchedule(),
    instance: 'this',
    now,
  })
}

function keepingAfter(
  journals: Journals,
  wait: TimedDeskOptions['beforeKeep'] = async () => undefined,
): Journals {
  return { ...journals, keep: (id, turn) => wait(turn).then(() => journals.keep(id, turn)) }
}

interface HandSchedule extends UndoSchedule {
  /** The time of every appointment has come; false if there is none. */
  readonly come: () => boolean
}

/** Appointments that come when the test says so. */
export function createHandSchedule(): HandSchedule {
  const appointments = new Set<string>()
  let handle: (id: string) => void = () => undefined
  return {
    schedule: (id) => void appointments.add(id),
    unschedule: (id) => void appointments.delete(id),
    onDue: (handler) => void (handle = handler),
    close: () => appointments.clear(),
    come() {
      const due = [...appointments]
      appointments.clear()
      for (const id of due) handle(id)
      return due.length > 0
    },
  }
}
