import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { peersOfThisProcess, type MetricsPeers } from './worker-metrics.ts'

/**
 * What is counted and timed. Labels come from closed lists: the kinds and endings of the code, and
 * the names of tools and MCP servers in the configuration; never a word of a model or a caller.
 */
export interface Metrics {
  turnEnded(turn: EndedTurn): void
  /** From the request to the first text of its answer. */
  firstToken(seconds: number): void
  toolRun(run: ToolRun): void
  effect(effect: EffectResult): void
  upstreamRequest(request: UpstreamRequest): void
  upstreamFirstToken(firstToken: UpstreamFirstToken): void
  upstreamCircuit(upstream: string, isOpen: boolean): void
  /** The next upstream was asked since this one had failed before its first token. */
  failover(upstream: string): void
  hedge(result: HedgeResult): void
  /** An answer that broke off in mid-speech was to be finished by another upstream. */
  continuation(result: 'completed' | 'failed'): void
  filler(): void
  /** Never called where there is no store that could be down: then nothing is said of it. */
  storeUp(isUp: boolean): void
  mcpServerUp(server: string, isUp: boolean): void
  /** Connections that a platform holds: one more or one less. */
  socketsOpen(platform: string, change: 1 | -1): void
  /** What is to be told anew each time before the numbers are read. */
  beforeReading(tell: () => void): void
  /**
   * All of it, in the text format of Prometheus; of several workers, the sum over all. Rejects with
   * METRICS_INCOMPLETE when not all of them tell theirs in time.
   */
  text(): Promise<string>
  readonly contentType: string
}

interface EndedTurn {
  readonly kind: string
  readonly source: string
  /** A finish reason, `superseded`, or the code of the error that ended it. */
  readonly finish: string
  /** From the request to the end of its answer. */
  readonly seconds: number
}

interface ToolRun {
  readonly tool: string
  readonly status: 'ok' | 'failed' | 'unknown'
  readonly seconds: number
}

interface EffectResult {
  readonly tool: string
  /** `answered`: not done again, told from what is known of it. */
  readonly result: 'done' | 'answered' | 'cancelled' | 'refused' | 'undone' | 'undo_failed'
}

interface UpstreamRequest {
  readonly upstream: string
  /** `completed`, `abandoned` (nobody waits for it any more), or why it failed. */
  readonly outcome: string
}

interface UpstreamFirstToken {
  readonly upstream: string
  readonly seconds: number
  /** The moving average that the new value has been added to. */
  readonly averageSeconds: number
}

/** `won`: the second request spoke first; `lost`: the first one did; `failed`: neither came to speak. */
type HedgeResult = 'won' | 'lost' | 'failed'

/** A caller begins to wonder after about a second: most buckets lie around it. */
const FIRST_TOKEN_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10]
const TURN_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60]
const TOOL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 6, 10, 20]

/** Metrics with a registry of their own, the process's included. */
export function createMetrics(peers: MetricsPeers | null = peersOfThisProcess()): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  let tellAnew = (): void => undefined
  const turns = createTurnMetrics(registry)
  const work = createWorkMetrics(registry)
  const servers = createServerMetrics(registry)
  const upstreams = createUpstreamMetrics(registry)
  peers?.tell(async () => {
    tellAnew()
    return registry.getMetricsAsJSON()
  })
  return {
    ...turns,
    ...work,
    ...servers,
    ...upstreams,
    beforeReading: (tell) => {
      tellAnew = tell
    },
    text() {
      if (peers) return peers.sum()
      tellAnew()
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

function createTurnMetrics(registry: Registry): Pick<Metrics, 'turnEnded' | 'firstToken'> {
  const registers = [registry]
  const turns = new Counter({
    name: 'turnstate_turns_total',
    help: 'Turns that ended, hang-ups included.',
    labelNames: ['kind', 'source', 'finish'],
    registers,
  })
  const turnSeconds = new Histogram({
    name: 'turnstate_turn_seconds',
    help: 'Time from a request to the end of its answer.',
    buckets: TURN_BUCKETS,
    registers,
  })
  const firstTokenSeconds = new Histogram({
    name: 'turnstate_first_token_seconds',
    help: 'Time from a request to the first text of its answer; fillers do not count.',
    buckets: FIRST_TOKEN_BUCKETS,
    registers,
  })
  return {
    turnEnded({ kind, source, finish, seconds }) {
      turns.inc({ kind, source, finish })
      turnSeconds.observe(seconds)
    },
    firstToken: (seconds) => firstTokenSeconds.observe(seconds),
  }
}

function createWorkMetrics(registry: Registry): Pick<Metrics, 'toolRun' | 'effect'> {
  const registers = [registry]
  const toolSeconds = new Histogram({
    name: 'turnstate_tool_seconds',
    help: 'Time that the run of a server tool took.',
    labelNames: ['tool', 'status'],
    buckets: TOOL_BUCKETS,
    registers,
  })
  const effects = new Counter({
    name: 'turnstate_effects_total',
    help: 'What came of the wishes to change something.',
    labelNames: ['tool', 'result'],
    registers,
  })
  return {
    toolRun: ({ tool, status, seconds }) => toolSeconds.observe({ tool, status }, seconds),
    effect: ({ tool, result }) => effects.inc({ tool, result }),
  }
}

type UpstreamMetrics = Pick<
  Metrics,
  | 'upstreamRequest'
  | 'upstreamFirstToken'
  | 'upstreamCircuit'
  | 'failover'
  | 'hedge'
  | 'continuation'
  | 'filler'
>

function createUpstreamMetrics(registry: Registry): UpstreamMetrics {
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers })
  const requests = counter(
    'turnstate_upstream_requests_total',
    'Requests to upstreams, by what came of them.',
    ['upstream', 'outcome'],
  )
  const firstTokens = new Histogram({
    name: 'turnstate_upstream_first_token_seconds',
    help: 'Time from a request to an upstream to its first token.',
    labelNames: ['upstream'],
    buckets: FIRST_TOKEN_BUCKETS,
    registers,
  })
  const averages = new Gauge({
    name: 'turnstate_upstream_first_token_average_seconds',
    help: 'Exponentially weighted moving average of the time to the first token.',
    labelNames: ['upstream'],
    aggregator: 'average',
    registers,
  })
  const circuits = new Gauge({
    name: 'turnstate_upstream_circuit_open',
    help: 'Whether the circuit breaker of an upstream is open.',
    labelNames: ['upstream'],
    aggregator: 'max',
    registers,
  })
  const failovers = counter(
    'turnstate_failovers_total',
    'Upstreams that failed before their first token and were followed by the next one.',
    ['upstream'],
  )
  const hedges = counter('turnstate_hedges_total', 'Second requests that were started early.', [
    'result',
  ])
  const continuations = counter(
    'turnstate_continuations_total',
    'Answers that broke off and were to be finished by another upstream.',
    ['result'],
  )
  const fillers = counter('turnstate_fillers_total', 'Fillers that were spoken.', [])
  return {
    upstreamRequest: ({ upstream, outcome }) => requests.inc({ upstream, outcome }),
    upstreamFirstToken({ upstream, seconds, averageSeconds }) {
      firstTokens.observe({ upstream }, seconds)
      averages.set({ upstream }, averageSeconds)
    },
    upstreamCircuit: (upstream, isOpen) => circuits.set({ upstream }, isOpen ? 1 : 0),
    failover: (upstream) => failovers.inc({ upstream }),
    hedge: (result) => hedges.inc({ result }),
    continuation: (result) => continuations.inc({ result }),
    filler: () => fillers.inc(),
  }
}

function createServerMetrics(
  registry: Registry,
): Pick<Metrics, 'storeUp' | 'mcpServerUp' | 'socketsOpen'> {
  const registers = [registry]
  const sockets = new Gauge({
    name: 'turnstate_sockets',
    help: 'Connections that voice platforms hold open.',
    labelNames: ['platform'],
    registers,
  })
  const servers = new Gauge({
    name: 'turnstate_mcp_server_up',
    help: 'Whether an MCP server can be reached.',
    labelNames: ['server'],
    aggregator: 'min',
    registers,
  })
  let store: Gauge | undefined
  return {
    socketsOpen: (platform, change) => sockets.inc({ platform }, change),
    storeUp(isUp) {
      // Made with the first word of it: without labels it would say 0 before that.
      store ??= new Gauge({
        name: 'turnstate_store_up',
        help: 'Whether the store answers.',
        aggregator: 'min',
        registers,
      })
      store.set(isUp ? 1 : 0)
    },
    mcpServerUp: (server, isUp) => servers.set({ server }, isUp ? 1 : 0),
  }
}
