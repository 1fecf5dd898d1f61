import { ConfigFile } from '../../src/config/schema.ts'
import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { createAssent } from '../../src/effects/assent.ts'
import { createReadMemory } from '../../src/effects/read-memory.ts'
import { createSharedLedger } from '../../src/effects/shared-ledger.ts'
import { createLog } from '../../src/observability/log.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { toTurnSettings } from '../../src/service.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import type { ToolRunner } from '../../src/tools/tool-runner.ts'
import type { Journals } from '../../src/turn/journals/journals.ts'
import { createSharedJournals } from '../../src/turn/journals/shared-journals.ts'
import type { TurnSettings } from '../../src/turn/settings.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import type { TurnEngine } from '../../src/turn/turn.ts'
import { createSharedSchedule } from '../../src/turn/undo/shared-schedule.ts'
import type { Upstream } from '../../src/upstream/upstream.ts'

/*
 * Several instances of the server in one process: each has its own journals, ledger and schedule, and
 * they share nothing but the store, the model's other side and the world that tools change.
 */

/** An instance of the server, as far as its turns go. */
export interface Instance {
  readonly engine: TurnEngine
  readonly journals: Journals
  readonly close: () => void
}

export interface InstanceOptions {
  readonly store: SharedStore
  readonly upstream: Upstream
  readonly tools: ToolRunner
  /** Of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly settings?: Partial<
    Pick<TurnSettings, 'turnTimeoutMs' | 'attachGraceMs' | 'undoAfterMs' | 'fallback'>
  >
  readonly limits?: NonNullable<Parameters<typeof createSharedJournals>[0]['limits']>
}

/** Waits of milliseconds where a server has seconds. */
export const QUICK = {
  settings: { attachGraceMs: 150, turnTimeoutMs: 5000 },
  limits: { saveSoonMs: 10, lookEveryMs: 50, awaitedForMs: 300 },
} as const

const metrics = createMetrics()
const DAY_MS = 24 * 60 * 60 * 1000

/** The caller must close it. */
export function startInstance(options: InstanceOptions): Instance {
  const { store, upstream, tools } = options
  const config = ConfigFile.parse({
    version: 1,
    auth: { signing_secret: 'a secret of the tests' },
    upstreams: { unused: { base_url: 'http://127.0.0.1:9', model: 'none' } },
    flow: DESK,
    tools: TOOLS,
    ...options.config,
  })
  const settings = { ...toTurnSettings(config), ...options.settings }
  const log = createLog('silent')
  const { limits } = options
  const journals = createSharedJournals({ store, retainMs: DAY_MS, log, ...(limits && { limits }) })
  const ledger = createSharedLedger({
    store,
    secret: 'a secret of effects',
    retainMs: DAY_MS,
    log,
  })
  const schedule = createSharedSchedule({ store, log })
  const now = () => store.now()
  const engine = createTurnEngine({
    settings,
    journals,
    ledger,
    schedule,
    upstream,
    tools,
    instance: store.instance,
    resolveKey: createKeyResolver(config.conversation.key),
    reads: createReadMemory({ now }),
    assents: createAssent(config.assent),
    metrics,
    log,
    now,
    date: () => new Date('2026-11-20T09:30:00Z'),
  })
  const close = () => {
    schedule.close()
    ledger.close()
  }
  return { engine, journals, close }
}

/** What is booked leads on to another state; what is held is given back unless the caller is told. */
const DESK = {
  name: 'desk',
  starting_state: 'open',
  general_tools: ['book', 'reserve', 'hold'],
  variables: { ref: {} },
  states: {
    open: { edges: [{ to: 'booked', when: { type: 'result', tool: 'book', status: 'ok' } }] },
    booked: {},
  },
}
const WRITE = {
  type: 'static',
  effect: 'write',
  result: '',
  assignments: [{ variable: 'ref', value_path: 'ref' }],
}
export const SETTLE_MS = 200
const TOOLS = {
  book: { ...WRITE, commit: 'immediate' },
  reserve: { ...WRITE, commit: 'settled', settle_ms: SETTLE_MS },
  hold: {
    ...WRITE,
    commit: 'immediate',
    compensate: { tool: 'release', arguments: { ref: '{{result.ref}}' } },
  },
  release: { ...WRITE, commit: 'immediate' },
}
