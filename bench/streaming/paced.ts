import { ANSWER_END, ANSWER_HEAD, ROLE_CHUNK, stampedChunk } from './chunks.ts'
import type { Findings } from './figure.ts'
import { ms } from './figure.ts'
import { startLoad, type LoadResult } from './load.ts'
import { median, processorMs, quantile } from './measure.ts'
import type { ModelCall } from './model.ts'
import { profileOf } from './profile.ts'
import type { Server, Stage } from './stage.ts'

const ROUNDS = 3
const STREAMS = 50
const TOKENS = 60
const GAP_MS = 20
const REQUESTS = 4
const WARM_UP = { callers: 20, rampMs: 100, tokens: 20, forMs: 4000 }
const WARM_UP_GAP_MS = 2

/** Answers with so many tokens, one after each gap; the first at once. */
export function pacedAnswer(tokens: number, gapMs: number): (call: ModelCall) => void {
  return ({ send, end, onGone }) => {
    let left = tokens - 1
    send(ANSWER_HEAD + ROLE_CHUNK + stampedChunk())
    const timer = setInterval(() => {
      left -= 1
      if (left > 0) {
        send(stampedChunk())
        return
      }
      clearInterval(timer)
      end()
      send(stampedChunk() + ANSWER_END)
    }, gapMs)
    onGone(() => clearInterval(timer))
  }
}

interface Round extends LoadResult {
  readonly cpuUsPerToken: number
  /** Of its core. */
  readonly loadShare: number
}

async function round({ port, pid }: Server, requests = REQUESTS): Promise<Round> {
  const [before, loadBefore] = [processorMs(pid), processorMs(process.pid)]
  const load = startLoad({
    port,
    callers: STREAMS,
    rampMs: TOKENS * GAP_MS,
    tokens: TOKENS,
    requests,
  })
  const result = await load.result
  return {
    ...result,
    cpuUsPerToken: (1000 * (processorMs(pid) - before)) / result.tokens,
    loadShare: (processorMs(process.pid) - loadBefore) / 1000 / result.seconds,
  }
}

/** At 40 streams a second the compiler would still be at work when the measurement is over. */
async function warmUp(stage: Stage, server: Server): Promise<void> {
  stage.model.play(pacedAnswer(WARM_UP.tokens, WARM_UP_GAP_MS))
  await startLoad({ port: server.port, ...WARM_UP }).result
  stage.model.play(pacedAnswer(TOKENS, GAP_MS))
  await round(server, 1)
}

/** 50 streams at 20 ms a token: how much later the first token comes, and what each token costs. */
export async function paced(stage: Stage): Promise<Findings> {
  const servers = [await stage.startFloor(), await stage.startTurnstate()] as const
  for (const server of servers) await warmUp(stage, server)
  const rounds: { floor: Round; ours: Round }[] = []
  for (let index = 0; index < ROUNDS; index++) {
    rounds.push({ floor: await round(servers[0]), ours: await round(servers[1]) })
  }
  for (const server of servers) await server.stop()
  const pick = (which: 'floor' | 'ours', valueOf: (round: Round) => number) =>
    median(rounds.map((pair) => valueOf(pair[which])))
  return {
    ...compare(pick),
    mistakes: rounds.flatMap(({ floor, ours }) => [
      ...mistakesOf('floor', floor),
      ...mistakesOf('turnstate', ours),
    ]),
    profile: () =>
      profileOf(stage, {
        warmUp: (server) => warmUp(stage, server),
        load: (server) => round(server),
      }),
  }
}

/** A machine that stands still for seconds makes any server give up on its model: hence the slowest. */
function mistakesOf(name: string, { errors, transitMs }: Round): readonly string[] {
  const slowest = quantile(transitMs, 1)
  return errors === 0 ? [] : [`paced: ${errors} errors of ${name}, slowest token ${ms(slowest)}`]
}

type PickMedian = (which: 'floor' | 'ours', valueOf: (round: Round) => number) => number

function compare(pick: PickMedian): Pick<Findings, 'figures' | 'notes'> {
  const first = (share: number) => (round: Round) => quantile(round.firstTokenMs, share)
  const cpu = (round: Round) => round.cpuUsPerToken
  const added = pick('ours', first(0.5)) - pick('floor', first(0.5))
  const [p99, floorP99] = [pick('ours', first(0.99)), pick('floor', first(0.99))]
  const [ours, floor] = [pick('ours', cpu), pick('floor', cpu)]
  const transit = (share: number) => (round: Round) => quantile(round.transitMs, share)
  return {
    figures: [
      {
        name: `time to first token added to the floor's, median, ${STREAMS} streams`,
        measured: `${ms(added)} (floor ${ms(pick('floor', first(0.5)))})`,
        aim: '< 0.5 ms',
        isMet: added < 0.5,
      },
      {
        name: 'time to first token, p99, against the floor',
        measured: `${(p99 / floorP99).toFixed(2)} (${ms(p99)} to ${ms(floorP99)})`,
        aim: '<= 1.5',
        isMet: p99 <= 1.5 * floorP99,
      },
      {
        name: 'processor time per token, against the floor',
        measured: `${(ours / floor).toFixed(2)} (${ours.toFixed(1)} to ${floor.toFixed(1)} us)`,
        aim: '<= 1.4',
        isMet: ours <= 1.4 * floor,
      },
    ],
    notes: [
      `token transit, median ${ms(pick('ours', transit(0.5)))} to ${ms(pick('floor', transit(0.5)))}, ` +
        `p99 ${ms(pick('ours', transit(0.99)))} to ${ms(pick('floor', transit(0.99)))}`,
      `load and model use ${(100 * pick('ours', (round) => round.loadShare)).toFixed(0)} % of their core`,
    ],
  }
}
