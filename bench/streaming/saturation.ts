import { ANSWER_END, ANSWER_HEAD, ROLE_CHUNK, stampedChunk } from './chunks.ts'
import type { Figure, Findings } from './figure.ts'
import { startLoad } from './load.ts'
import { median, processorMs } from './measure.ts'
import type { ModelCall } from './model.ts'
import { profileOf } from './profile.ts'
import type { Server, Stage } from './stage.ts'

const ROUNDS = 3
const CALLERS = 50
const FOR_MS = 2000
const WARM_UP_MS = 3000

/** The whole answer in one write. */
function wholeAnswer(tokens: number): (call: ModelCall) => void {
  return ({ send, end }) => {
    let answer = ANSWER_HEAD + ROLE_CHUNK
    for (let token = 0; token < tokens; token++) answer += stampedChunk()
    end()
    send(answer + ANSWER_END)
  }
}

interface Round {
  readonly perSecond: number
  readonly errors: number
  /** Of one core each. */
  readonly serverShare: number
  readonly loadShare: number
}

async function round({ port, pid }: Server, tokens: number, forMs = FOR_MS): Promise<Round> {
  const [before, loadBefore] = [processorMs(pid), processorMs(process.pid)]
  const load = startLoad({ port, callers: CALLERS, rampMs: 0, tokens, forMs })
  const { streams, errors, seconds } = await load.result
  return {
    perSecond: streams / seconds,
    errors,
    serverShare: (processorMs(pid) - before) / 1000 / seconds,
    loadShare: (processorMs(process.pid) - loadBefore) / 1000 / seconds,
  }
}

interface Case {
  readonly tokens: number
  readonly name: string
  readonly aim: number
}

const CASES: readonly Case[] = [
  { tokens: 1, name: 'one-token streams at saturation, rate against the floor', aim: 0.35 },
  { tokens: 60, name: '60-token streams without gaps, rate against the floor', aim: 0.75 },
]

/** As many streams as one core carries. */
export async function saturation(stage: Stage): Promise<Findings> {
  const servers = [await stage.startFloor(), await stage.startTurnstate()] as const
  const figures: Figure[] = []
  const mistakes: string[] = []
  const notes: string[] = []
  for (const { tokens, name, aim } of CASES) {
    stage.model.play(wholeAnswer(tokens))
    for (const server of servers) await round(server, tokens, WARM_UP_MS)
    const floor: Round[] = []
    const ours: Round[] = []
    for (let index = 0; index < ROUNDS; index++) {
      floor.push(await round(servers[0], tokens))
      ours.push(await round(servers[1], tokens))
    }
    // Of a core: what else the machine does must not count for either of them.
    const rate = (rounds: readonly Round[]) =>
      median(rounds.map((one) => one.perSecond / one.serverShare))
    const ratio = rate(ours) / rate(floor)
    const measured = `${ratio.toFixed(2)} (${rate(ours).toFixed(0)} to ${rate(floor).toFixed(0)} in a second of processor time)`
    figures.push({ name, measured, aim: `>= ${aim}`, isMet: ratio >= aim })
    notes.push(`${tokens} token(s): ${wall('floor', floor)}; ${wall('turnstate', ours)}`)
    const errors = [...floor, ...ours].reduce((sum, one) => sum + one.errors, 0)
    if (errors > 0) mistakes.push(`saturation: ${errors} errors with ${tokens} token(s)`)
  }
  for (const server of servers) await server.stop()
  const profile = async () => {
    const parts: string[] = []
    for (const { tokens, name } of CASES) {
      stage.model.play(wholeAnswer(tokens))
      const load = (server: Server) => round(server, tokens)
      parts.push(`${name}:`, ...(await profileOf(stage, { warmUp: load, load })))
    }
    return parts
  }
  return { figures, mistakes, notes, profile }
}

function wall(name: string, rounds: readonly Round[]): string {
  const share = (of: (one: Round) => number) => `${(100 * median(rounds.map(of))).toFixed(0)} %`
  return (
    `${name} ${median(rounds.map((one) => one.perSecond)).toFixed(0)} a second with ` +
    `${share((one) => one.serverShare)} of its core, load and model ${share((one) => one.loadShare)} of theirs`
  )
}
