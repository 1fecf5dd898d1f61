import { setTimeout as sleep } from 'node:timers/promises'
import type { Findings } from './figure.ts'
import { ms } from './figure.ts'
import { startLoad } from './load.ts'
import { quantile, residentBytes } from './measure.ts'
import { pacedAnswer } from './paced.ts'
import { profileOf } from './profile.ts'
import type { Server, Stage } from './stage.ts'

const STREAMS = 2000
const TOKENS = 16
const GAP_MS = 1000
const RAMP_MS = 6000
const WARM_UP = { callers: 100, rampMs: 500, tokens: 3, requests: 15 }
const LIMIT_KB = 60

interface Run {
  readonly kilobytesPerStream: number
  readonly idleMegabytes: number
  /** While all of them were open. */
  readonly transitP99Ms: number
  /** While they came, as well. */
  readonly wholeTransitP99Ms: number
  readonly transitMedianMs: number
  readonly errors: number
  readonly atOnce: number
}

async function run(stage: Stage, server: Server): Promise<Run> {
  const { port, pid } = server
  await warmUp(stage, port)
  await sleep(1000)
  const idle = residentBytes(pid)
  stage.model.play(pacedAnswer(TOKENS, GAP_MS))
  const load = startLoad({ port, callers: STREAMS, rampMs: RAMP_MS, tokens: TOKENS, requests: 1 })
  let [most, atOnce, isOver] = [0, 0, false]
  let [from, to] = [0, 0]
  const finished = load.result.finally(() => (isOver = true))
  while (!isOver) {
    await Promise.race([sleep(200), finished])
    atOnce = Math.max(atOnce, load.open())
    if (load.open() < STREAMS) continue
    most = Math.max(most, residentBytes(pid))
    from ||= load.tokens()
    to = load.tokens()
  }
  const { errors, transitMs } = await finished
  const together = transitMs.slice(from, to)
  await server.stop()
  return {
    kilobytesPerStream: (most - idle) / STREAMS / 1024,
    idleMegabytes: idle / 1024 / 1024,
    transitP99Ms: quantile(together, 0.99),
    wholeTransitP99Ms: quantile(transitMs, 0.99),
    transitMedianMs: quantile(together, 0.5),
    errors,
    atOnce,
  }
}

function warmUp(stage: Stage, port: number): Promise<unknown> {
  stage.model.play(pacedAnswer(WARM_UP.tokens, 20))
  return startLoad({ port, ...WARM_UP }).result
}

/** As many, for a moment. */
function short(stage: Stage, port: number): Promise<unknown> {
  const tokens = TOKENS / 2
  stage.model.play(pacedAnswer(tokens, GAP_MS))
  return startLoad({ port, callers: STREAMS, rampMs: RAMP_MS, tokens, requests: 1 }).result
}

/** 2,000 slow streams in one process: what each keeps in memory, and whether tokens still pass quickly. */
export async function manyStreams(stage: Stage): Promise<Findings> {
  const floor = await run(stage, await stage.startFloor())
  const ours = await run(stage, await stage.startTurnstate())
  const ratio = ours.transitP99Ms / floor.transitP99Ms
  const both = (of: (run: Run) => string) => `${of(ours)} to ${of(floor)}`
  return {
    figures: [
      {
        name: `memory per stream above idle, ${STREAMS} slow streams`,
        measured: `${ours.kilobytesPerStream.toFixed(1)} KB (floor ${floor.kilobytesPerStream.toFixed(1)} KB)`,
        aim: `< ${LIMIT_KB} KB`,
        isMet: ours.kilobytesPerStream < LIMIT_KB,
      },
      {
        name: 'token transit while all are open, p99, against the floor',
        measured: `${ratio.toFixed(2)} (${both((run) => ms(run.transitP99Ms))})`,
        aim: '<= 1.5',
        isMet: ratio <= 1.5,
      },
    ],
    mistakes: [floor, ours].flatMap(({ errors, atOnce }, index) => {
      const name = index === 0 ? 'floor' : 'turnstate'
      return errors > 0 || atOnce < STREAMS
        ? [`many streams, ${name}: ${errors} errors, ${atOnce} of ${STREAMS} at once`]
        : []
    }),
    notes: [
      `idle ${both((run) => `${run.idleMegabytes.toFixed(0)} MB`)}; transit, median ${both((run) => ms(run.transitMedianMs))}; ` +
        `p99 with the ${RAMP_MS / 1000} s in which they came ${both((run) => ms(run.wholeTransitP99Ms))}`,
    ],
    profile: () =>
      profileOf(stage, {
        warmUp: ({ port }) => warmUp(stage, port),
        load: ({ port }) => short(stage, port),
      }),
  }
}
