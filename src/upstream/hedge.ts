import { TurnstateError } from '../errors.ts'
import type { HedgeBudget } from './hedge-budget.ts'
import type { RoutingOptions } from './options.ts'
import type { Asked, RoutedAnswer } from './routed-answer.ts'
import type { Completion, Endpoint } from './upstream.ts'

type HedgeOptions = NonNullable<RoutingOptions['hedge']>

/** A p95 below it says more of a cache than of when something is amiss. */
const MIN_P95_MS = 50

/** How long the endpoint may be silent before another is asked too; undefined for ever. */
export function hedgeDelay(
  endpoint: Endpoint,
  options: HedgeOptions | undefined,
): number | undefined {
  if (options === undefined || options.max_share === 0) return undefined
  if (options.after_ms !== 'p95') return options.after_ms
  const p95 = endpoint.firstTokenP95Ms()
  return p95 === undefined ? undefined : Math.max(MIN_P95_MS, p95)
}

interface HedgedRequest {
  readonly answer: RoutedAnswer
  readonly endpoint: Endpoint
  readonly delayMs: number
  readonly budget: HedgeBudget
}

interface Racer {
  readonly endpoint: Endpoint
  readonly call: AbortController
  hasFailed: boolean
}

interface Race {
  readonly answer: RoutedAnswer
  readonly settle: (asked: Asked) => void
  /** The first one, and the second once it was started. */
  readonly racers: Racer[]
  timer: NodeJS.Timeout | undefined
  /** The one that spoke first, or completed; nobody else is heard any more. */
  winner: Racer | undefined
  isOver: boolean
}

/**
 * Asks the endpoint, and a second one if the first is silent for too long. Whoever speaks first is
 * the answer; the other is aborted in the same tick. Rejects with the signal's reason.
 */
export function askHedged({ answer, endpoint, delayMs, budget }: HedgedRequest): Promise<Asked> {
  const { signal } = answer.listener
  return new Promise((resolve, reject) => {
    const race: Race = {
      answer,
      settle: (asked) => {
        signal.removeEventListener('abort', onAbort)
        resolve(asked)
      },
      racers: [],
      timer: undefined,
      winner: undefined,
      isOver: false,
    }
    function onAbort(): void {
      abandon(race, signal.reason)
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the signal's reason, whatever it is
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    race.timer = setTimeout(() => startSecond(race, endpoint, budget), delayMs)
    start(race, endpoint)
  })
}

function startSecond(race: Race, first: Endpoint, budget: HedgeBudget): void {
  // Asked for last: a half-open circuit takes its yes for the probe.
  const second = budget.hasOne() ? race.answer.choice.beside(first) : undefined
  if (second === undefined) return
  budget.spend()
  start(race, second)
}

function start(race: Race, endpoint: Endpoint): void {
  const { request, voice } = race.answer
  const racer: Racer = { endpoint, call: new AbortController(), hasFailed: false }
  race.racers.push(racer)
  const listener = {
    signal: racer.call.signal,
    onFirstToken: () => {
      if (leads(race, racer)) voice.begin()
    },
    onText: (text: string) => (leads(race, racer) ? voice.give(text) : undefined),
  }
  const ask = async (): Promise<Completion> => endpoint.complete(request, listener)
  ask().then(
    (completion) => {
      if (leads(race, racer)) finish(race, { type: 'completed', completion })
    },
    (error: unknown) => fail(race, racer, error),
  )
}

/** Whether this one is the answer; while nobody is, whoever asks becomes it. */
function leads(race: Race, racer: Racer): boolean {
  if (race.isOver) return false
  if (race.winner === undefined) {
    race.winner = racer
    clearTimeout(race.timer)
    for (const { call } of race.racers) if (call !== racer.call) call.abort(overtaken())
    report(race)
  }
  return race.winner === racer
}

function overtaken(): TurnstateError {
  return new TurnstateError('caller_gone', 'Another upstream spoke first')
}

function fail(race: Race, racer: Racer, error: unknown): void {
  const { winner, racers, answer, isOver } = race
  if (isOver || (winner !== undefined && winner !== racer)) return
  answer.choice.exclude(racer.endpoint)
  racer.hasFailed = true
  if (winner === undefined && racers.some(({ hasFailed }) => !hasFailed)) return
  if (winner === undefined) report(race)
  finish(race, { type: 'failed', endpoint: racer.endpoint, error })
}

function finish(race: Race, asked: Asked): void {
  race.isOver = true
  clearTimeout(race.timer)
  race.settle(asked)
}

function abandon(race: Race, reason: unknown): void {
  race.isOver = true
  clearTimeout(race.timer)
  for (const { call } of race.racers) call.abort(reason)
  if (race.winner === undefined) report(race)
}

/** What a second request brought, if there was one. */
function report({ racers: [first, second], winner, answer }: Race): void {
  if (first === undefined || second === undefined) return
  const won = winner === second
  answer.metrics.hedge(won ? 'won' : winner === first ? 'lost' : 'failed')
  answer.log.info({ upstream: first.endpoint.name, next: second.endpoint.name, won }, 'hedged')
}
