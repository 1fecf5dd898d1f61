import type {
  Derivation,
  TurnAnswer,
  TurnEnd,
  TurnEngine,
  TurnEvent,
  TurnFacts,
} from '../../src/turn/turn.ts'
import type { TurnRequest } from '../../src/turn/turn-request.ts'

interface FakeTurn {
  readonly facts?: Partial<TurnFacts>
  readonly events?: readonly TurnEvent[]
  readonly end?: Partial<TurnEnd>
  /** By default all that it says is its answer. */
  readonly hasAnswered?: TurnAnswer['hasAnswered']
  readonly derivation?: Partial<Derivation>
  /** Instead of `events` and `end`. */
  readonly run?: TurnAnswer['run']
}

export interface FakeEngine extends TurnEngine {
  /** The requests whose answers left whole. */
  readonly delivered: readonly TurnRequest[]
  readonly requests: readonly TurnRequest[]
}

export const FACTS: TurnFacts = {
  conversation: 'conv_1',
  keySource: 'header.x-conversation-id',
  exchange: 1,
  state: 'identify',
  kind: 'new',
  heard: 'unknown',
  confidence: 'exact',
}

export const END: TurnEnd = {
  finishReason: 'stop',
  isSuperseded: false,
  isFailed: false,
  state: 'identify',
  token: () => 'sealed-token',
}

export const DERIVATION: Omit<Derivation, keyof TurnFacts> = {
  variables: { patient_id: 'p1' },
  rollback: true,
  discarded: [{ turn: 3, exchange: 2, state: 'book' }],
  tools: ['opening_hours', 'end_call'],
}

/** An engine that says what it is told to, and remembers what it was asked. */
export function fakeEngine(turn: FakeTurn = {}): FakeEngine {
  const requests: TurnRequest[] = []
  const delivered: TurnRequest[] = []
  const facts = { ...FACTS, ...turn.facts }
  const events = turn.events ?? [{ type: 'text-delta', text: 'Hello there.' }]
  return {
    requests,
    delivered,
    async begin(request) {
      requests.push(request)
      return {
        facts,
        source: 'generated',
        ended: Promise.resolve(),
        hasAnswered: turn.hasAnswered ?? (() => true),
        delivered: () => void delivered.push(request),
        run:
          turn.run ??
          (async (listener) => {
            for (const event of events) await listener.onEvent(event)
            return { ...END, ...turn.end }
          }),
      }
    },
    async derive(request) {
      requests.push(request)
      return { ...facts, ...DERIVATION, ...turn.derivation }
    },
    isKnown: () => Promise.resolve(false),
    interrupted: () => Promise.resolve(),
    apology: 'Sorry.',
    idle: () => Promise.resolve(),
  }
}

/** An engine whose turns say this and then fail; they stand in the state `book`. */
export function failingEngine(events: readonly TurnEvent[], error: unknown): FakeEngine {
  return fakeEngine({
    facts: { state: 'book' },
    async run(listener) {
      for (const event of events) await listener.onEvent(event)
      throw error
    },
  })
}

/** What fails before the first word, and the HTTP error that it is. */
export const EARLY_FAILURES = [
  ['upstream_failed', 502, 'server_error'],
  ['upstream_timeout', 504, 'server_error'],
  ['overloaded', 503, 'server_error'],
  ['invalid_request', 400, 'invalid_request_error'],
] as const
