import { ConfigFile } from '../../src/config/schema.ts'
import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { charactersOf, createJournal, type Journal } from '../../src/conversation/journal.ts'
import { createAssent } from '../../src/effects/assent.ts'
import { createMemoryLedger } from '../../src/effects/memory-ledger.ts'
import { createReadMemory } from '../../src/effects/read-memory.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { parseJsonBody } from '../../src/routes/openai/json-body.ts'
import { readMessages } from '../../src/routes/openai/read-messages.ts'
import { MAX_CHARACTERS, MAX_CONVERSATIONS, toTurnSettings } from '../../src/service.ts'
import { createMemoryStore, type MemoryStore } from '../../src/store/memory-store.ts'
import type { ToolRunner } from '../../src/tools/tool-runner.ts'
import type { TurnRequest } from '../../src/turn/turn-request.ts'
import { createMemoryJournals } from '../../src/turn/journals/memory-journals.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import { createMemorySchedule } from '../../src/turn/undo/undo-schedule.ts'
import type { Completion, Upstream } from '../../src/upstream/upstream.ts'
import { toRequest } from '../../test/support/engine.ts'

/** What the model answers, one completion after the other. */
export type Script = readonly Partial<Pick<Completion, 'text' | 'calls'>>[]

interface Asked {
  readonly key: string
  /** As they stand in the body. */
  readonly messages: readonly object[]
  readonly model: Script
}

export interface BenchEngine {
  readonly store: MemoryStore<Journal>
  /** A request from its bytes on, answered to its end. */
  readonly ask: (asked: Asked) => Promise<void>
}

const FLOW = {
  name: 'bench',
  starting_state: 'talk',
  general_prompt: 'You are the desk. It is {{now}}.',
  variables: { patient_id: { type: 'string' }, patient_name: { type: 'string' } },
  platform_tools: { allow: ['show_map'] },
  states: {
    talk: {
      tools: ['find_patient', 'free_slots', 'create_booking'],
      edges: [{ to: 'booked', when: { type: 'result', tool: 'create_booking', status: 'ok' } }],
    },
    booked: { tools: ['free_slots'] },
  },
}
const WEBHOOK = { type: 'webhook', url: 'http://127.0.0.1:9/', parameters: { type: 'object' } }
const TOOLS = {
  find_patient: {
    ...WEBHOOK,
    method: 'GET',
    assignments: [
      { variable: 'patient_id', value_path: 'items.0.id' },
      { variable: 'patient_name', value_path: 'items.0.name' },
    ],
  },
  free_slots: { ...WEBHOOK, method: 'GET' },
  create_booking: { ...WEBHOOK, method: 'POST', commit: 'immediate' },
}
const PLATFORM_TOOLS = [{ name: 'show_map', parameters: { type: 'object', properties: {} } }]

/** The engine as the service wires it, without sockets: model and tools answer from this process. */
export function createBenchEngine(): BenchEngine {
  const config = ConfigFile.parse({
    version: 1,
    auth: { signing_secret: 'a secret of the benchmark' },
    upstreams: { unused: { base_url: 'http://127.0.0.1:9', model: 'none' } },
    webhooks: { allow_hosts: ['127.0.0.1'] },
    flow: FLOW,
    tools: TOOLS,
  })
  const now = () => performance.now()
  const retainMs = config.conversation.retain
  const quiet = () => undefined
  const store = createMemoryStore({
    create: createJournal,
    retainMs,
    maxEntries: MAX_CONVERSATIONS,
    weightOf: charactersOf,
    maxWeight: MAX_CHARACTERS,
    now,
  })
  const settings = toTurnSettings(config)
  const model: { left: Script } = { left: [] }
  const engine = createTurnEngine({
    settings,
    resolveKey: createKeyResolver(config.conversation.key),
    upstream: createScriptReader(model),
    tools: cannedTools,
    journals: createMemoryJournals(store),
    ledger: createMemoryLedger({
      secret: 'a secret of effects',
      retainMs,
      maxConversations: MAX_CONVERSATIONS,
      now,
    }),
    reads: createReadMemory({ now }),
    assents: createAssent(config.assent),
    schedule: createMemorySchedule(),
    instance: 'this',
    metrics: createMetrics(),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    now,
    date: () => new Date(),
  })
  return {
    store,
    async ask({ key, messages, model: script }) {
      model.left = script
      const turn = await engine.begin(readRequest(key, messages))
      const signal = new AbortController().signal
      await turn.run({ signal, streams: true, onEvent: quiet })
      turn.delivered()
    },
  }
}

/** By way of bytes, as a request comes: the journal may keep parts of it. */
function readRequest(key: string, messages: readonly object[]): TurnRequest {
  const body = parseJsonBody(Buffer.from(JSON.stringify({ model: 'm', stream: true, messages })))
  return toRequest(readMessages(body), { key, platformTools: PLATFORM_TOOLS })
}

/** Says its texts token by token. */
function createScriptReader(model: { left: Script }): Upstream {
  return {
    name: 'script',
    isUsable: () => true,
    close: async () => undefined,
    async complete(_request, { onText }) {
      const [answer = {}, ...left] = model.left
      model.left = left
      const { text = '', calls = [] } = answer
      for (const token of text.match(/\s*\S+/g) ?? []) await onText(token)
      return { text, calls, finishReason: calls.length > 0 ? 'tool_calls' : 'stop' }
    },
  }
}

/** As long as the answers of an appointment API. */
const cannedTools: ToolRunner = {
  offer: (name) => ({ name, parameters: WEBHOOK.parameters }),
  effectOf: (name) => (name === 'create_booking' ? 'write' : 'read'),
  parseArguments: (_tool, text) => ({
    ok: true,
    value: JSON.parse(text) as Readonly<Record<string, unknown>>, // the script's own arguments
  }),
  async run(tool, args) {
    const length = tool === 'create_booking' ? 1 : tool === 'find_patient' ? 2 : 12
    const items = Array.from({ length }, (_, index) => ({
      id: `${tool}-${String(args.for)}-${index}`,
      name: `Ada Lovelace ${index}`,
      at: `2026-11-${10 + index}T09:30:00+01:00`,
      room: `Room ${index}, second floor`,
    }))
    const content = JSON.stringify({ items, total: items.length })
    return { status: 'ok', content, value: JSON.parse(content) as unknown }
  },
  mcpServers: () => ({}),
  close: async () => undefined,
}
