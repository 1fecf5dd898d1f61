import { allOf, ask, type Answer } from './ask.ts'
import { ANSWER_END, ANSWER_HEAD, ROLE_CHUNK, textChunk } from './chunks.ts'
import type { Findings } from './figure.ts'
import { ms } from './figure.ts'
import { quantile } from './measure.ts'
import { createRandom } from './random.ts'
import { newKey } from './request-body.ts'
import type { Stage } from './stage.ts'

const TURNS = 400
const AT_ONCE = 40
const USUAL_MS = 300
const SLOW_MS = 3000
const SLOW_SHARE = 0.05
const AFTER_MS = 400
const MAX_SHARE = 0.1
const LIMIT = 0.45

/** Usually quick, and sometimes not; counts its calls. */
function unevenModel(stage: Stage, seed: number): () => number {
  const random = createRandom(seed)
  let calls = 0
  stage.model.play(({ send, end, onGone }) => {
    calls += 1
    const speak = () => {
      end()
      send(
        ANSWER_HEAD +
          ROLE_CHUNK +
          textChunk('Here you are, ') +
          textChunk('as you wished.') +
          ANSWER_END,
      )
    }
    const timer = setTimeout(speak, random() < SLOW_SHARE ? SLOW_MS : USUAL_MS)
    onGone(() => clearTimeout(timer))
  })
  return () => calls
}

interface Run {
  readonly p99Ms: number
  readonly callsPerTurn: number
  readonly unclean: number
}

async function run(stage: Stage, port: number, path?: string): Promise<Run> {
  const calls = unevenModel(stage, 7)
  const answers = await allOf(TURNS, AT_ONCE, (index) =>
    ask({ port, ...(path && { path }), key: newKey(), said: `Wish number ${index}, please.` }),
  )
  const first = (answer: Answer) => answer.firstTextMs ?? Infinity
  return {
    p99Ms: quantile(answers.map(first), 0.99),
    callsPerTurn: calls() / TURNS,
    unclean: answers.filter(({ isWhole }) => !isWhole).length,
  }
}

async function throughTurnstate(stage: Stage, afterMs: number | 'p95'): Promise<Run> {
  const server = await stage.startTurnstate({
    change: {
      upstreams: ['first', 'second'],
      routing: {
        first_token_timeout_ms: 5000,
        hedge: { after_ms: afterMs, max_share: MAX_SHARE },
      },
    },
  })
  const result = await run(stage, server.port)
  await server.stop()
  return result
}

/** A model that is slow now and then, asked directly and through a server that asks again early. */
export async function hedging(stage: Stage): Promise<Findings> {
  const direct = await run(stage, stage.model.port, '/direct/v1/chat/completions')
  const fixed = await throughTurnstate(stage, AFTER_MS)
  const rolling = await throughTurnstate(stage, 'p95')
  const share = fixed.p99Ms / direct.p99Ms
  const calls = (run: Run) => `${((run.callsPerTurn - 1) * 100).toFixed(1)} % more calls`
  return {
    figures: [
      {
        name: `first text with hedging after ${AFTER_MS} ms, p99 of ${TURNS}, against the model itself`,
        measured: `${share.toFixed(2)} (${ms(fixed.p99Ms)} to ${ms(direct.p99Ms)})`,
        aim: `<= ${LIMIT}`,
        isMet: share <= LIMIT,
      },
      {
        name: 'model calls that this adds',
        measured: calls(fixed),
        aim: '<= 10 %',
        isMet: fixed.callsPerTurn <= 1.1,
      },
    ],
    mistakes: [direct, fixed, rolling].some(({ unclean }) => unclean > 0)
      ? ['hedging: an answer lacked its end']
      : [],
    notes: [
      `hedging after the rolling p95: p99 ${ms(rolling.p99Ms)}, ${calls(rolling)}`,
      `first token after ${USUAL_MS} ms, ${SLOW_SHARE * 100} % after ${SLOW_MS} ms, ${AT_ONCE} turns at once`,
    ],
  }
}
