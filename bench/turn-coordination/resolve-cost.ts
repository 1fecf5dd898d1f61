import type { ConversationMessage } from '../../src/conversation/message.ts'
import { resolve } from '../../src/conversation/resolve.ts'
import { ensure, median, timed, type Figure } from './figures.ts'
import { recordCall } from './recorded-call.ts'
import { otherCall, resolveCases, type ResolveCase } from './resolve-cases.ts'
import { user } from '../../test/support/history.ts'

const EXCHANGES = 100
const SAMPLES = 41
/** What else the machine does can only add, so the lowest median of several rounds counts. */
const ROUNDS = 3
const LIMIT_MS = 1
const LENGTH_CASES = ['next exchange', 'head cut', 'nothing matches']
const LENGTHS = [10, 30, 100, 300, 1000]
/** A hundred times the length may not cost much more per exchange; with its square it is a hundred times. */
const MAX_GROWTH_PER_EXCHANGE = 3

interface Cost {
  readonly viewMs: number
  readonly resolveMs: number
  readonly bothMs: number
}

/** Each request brings its history as new strings. */
function received(messages: readonly ConversationMessage[]): readonly ConversationMessage[] {
  return JSON.parse(JSON.stringify(messages)) as readonly ConversationMessage[] // plain data
}

function measure(bench: ResolveCase, samples = SAMPLES): Cost {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const costs = Array.from({ length: samples }, () => sample(bench))
    return {
      viewMs: median(costs.map((cost) => cost.viewMs)),
      resolveMs: median(costs.map((cost) => cost.resolveMs)),
      bothMs: median(costs.map((cost) => cost.viewMs + cost.resolveMs)),
    }
  })
  return rounds.reduce((best, round) => (round.bothMs < best.bothMs ? round : best))
}

function sample({ talk, shownBefore, ...bench }: ResolveCase): Omit<Cost, 'bothMs'> {
  const options = { ...talk.clock, hasJournal: true, stateTool: 'turnstate_state' }
  // Other turn objects have no memory: what is known is what the histories before have shown.
  const journal = bench.messages === shownBefore ? talk.journal : structuredClone(talk.journal)
  resolve(journal, talk.view(received(shownBefore)), options)
  const messages = received(bench.messages)
  const view = timed(() => talk.view(messages))
  const resolved = timed(() => resolve(journal, view.value, options))
  const { kind, confidence, path } = resolved.value
  const isExpected = kind === bench.kind && confidence === bench.confidence
  ensure(isExpected, `${bench.name} is ${kind}, ${confidence}`)
  ensure((path.length === 0) === bench.showsNothing, `${bench.name} shows ${path.length} turns`)
  return { viewMs: view.ms, resolveMs: resolved.ms }
}

/** What it costs to find out what a request is, in a long conversation. */
export function resolveCost(): readonly Figure[] {
  const cases = resolveCases(EXCHANGES)
  // Once for the compiler, which would otherwise be measured with the first cases.
  for (const bench of cases) measure(bench, 20)
  const measured = cases.map((bench) => ({ bench, cost: measure(bench) }))
  console.log(
    `\nView and resolve: ${EXCHANGES} exchanges, ${turnsIn(cases)} journal turns, in ms\n`,
  )
  console.table(
    measured.map(({ bench, cost }) => ({
      request: bench.name,
      kind: bench.kind,
      view: cost.viewMs.toFixed(3),
      resolve: cost.resolveMs.toFixed(3),
      both: cost.bothMs.toFixed(3),
    })),
  )
  const usual = measured.filter(({ bench }) => bench.isRepeated && bench.confidence !== 'low')
  return usual.map(({ bench, cost }) => ({
    name: `view and resolve, ${bench.name} (${bench.kind})`,
    measured: `${cost.bothMs.toFixed(3)} ms`,
    limit: `< ${LIMIT_MS} ms`,
    isMet: cost.bothMs < LIMIT_MS,
  }))
}

function turnsIn(cases: readonly ResolveCase[]): number {
  const counts = new Set(cases.map(({ talk }) => talk.journal.turns.length))
  ensure(counts.size === 1 && counts.has(3 * EXCHANGES), 'three turns per exchange')
  return 3 * EXCHANGES
}

/** A conversation at a length: its usual request, and the two that must try most. */
function casesAtLength(count: number): readonly ResolveCase[] {
  const { talk, exchanges } = recordCall(count, 2)
  const histories = [exchanges.flat(), exchanges.slice(count >> 1).flat(), otherCall(count)]
  return histories.map((history, index) => {
    const messages = [...history, user('And where can I park when I come by car?')]
    const showsNothing = index === 2
    return {
      talk,
      name: LENGTH_CASES[index] ?? '',
      messages,
      shownBefore: messages,
      kind: 'new',
      confidence: showsNothing ? 'low' : 'partial',
      showsNothing,
      isRepeated: true,
    }
  })
}

/** How that cost grows with the length of the conversation. */
export function resolveGrowth(): readonly Figure[] {
  const rows = LENGTHS.map((count) => {
    const cases = casesAtLength(count)
    const costs = cases.map((bench) => {
      measure(bench, 5)
      return measure(bench, count > 100 ? 11 : SAMPLES).bothMs
    })
    return { count, costs }
  })
  console.log('\nGrowth: view and resolve, two journal turns per exchange\n')
  console.table(
    rows.map(({ count, costs }) => ({
      exchanges: count,
      ...Object.fromEntries(
        LENGTH_CASES.flatMap((name, index) => {
          const cost = costs[index] ?? Number.NaN
          return [
            [`${name}, ms`, cost.toFixed(3)],
            [`${name}, us per exchange`, ((1000 * cost) / count).toFixed(1)],
          ]
        }),
      ),
    })),
  )
  return LENGTH_CASES.map((name, index) => {
    const at = (count: number) =>
      (rows.find((row) => row.count === count)?.costs[index] ?? Number.NaN) / count
    const growth = at(1000) / at(10)
    return {
      name: `cost per exchange at 1,000 exchanges against 10, ${name}`,
      measured: `x ${growth.toFixed(2)}`,
      limit: `< x ${MAX_GROWTH_PER_EXCHANGE} (square: x 100)`,
      isMet: growth < MAX_GROWTH_PER_EXCHANGE,
    }
  })
}
