import { ask, expectHeader } from '../ask.ts'
import type { Attempt } from '../attempt.ts'
import { newWord } from '../conversation-id.ts'
import { expectModelCalls } from '../count-checks.ts'
import { assistant, GREETING, ranTool, user, type Message } from '../messages.ts'
import { SKIP_TURN } from '../offered-tools.ts'
import type { Scenario } from '../scenario.ts'
import { shown } from '../shown.ts'
import type { Stage } from '../stage.ts'

const TIMES = 3

export const SILENCES: readonly Scenario[] = [
  {
    number: 10,
    name: 'silence-dots',
    title: 'Silence three times, as the user text "..."',
    lastsMs: 400,
    play: (stage) => silence(stage, { saysDots: true, offersSkip: false }),
  },
  {
    number: 10,
    name: 'silence-tail',
    title: 'Silence three times, the reply as the last message',
    lastsMs: 400,
    play: (stage) => silence(stage, { saysDots: false, offersSkip: false }),
  },
  {
    number: 10,
    name: 'silence-skip-turn',
    title: 'Silence three times, with skip_turn offered',
    lastsMs: 400,
    play: (stage) => silence(stage, { saysDots: true, offersSkip: true }),
  },
]

interface SilenceForm {
  readonly saysDots: boolean
  readonly offersSkip: boolean
}

async function silence(stage: Stage, { saysDots, offersSkip }: SilenceForm): Promise<void> {
  const call = stage.newCall()
  const [word, later] = [newWord(), newWord()]
  const tools = offersSkip ? [SKIP_TURN] : undefined
  const start = [GREETING, user(`Please say ${word}.`)]
  const first = await ask(stage, call, { messages: start, tools, says: word })
  let history: readonly Message[] = [...start, assistant(first.text)]
  for (let time = 1; time <= TIMES; time++) {
    const messages = saysDots ? [...history, user('...')] : history
    const mayCall = offersSkip ? { calls: [SKIP_TURN.function.name] } : {}
    const answer = await askSilently(stage, { call, messages, tools, ...mayCall })
    expectHeader(stage, answer, { exchange: '1' })
    if (time === TIMES) expectPeace(stage, answer, offersSkip)
    history = [...messages, ...asHistory(answer)]
  }
  expectModelCalls(stage, call, TIMES + 1)
  const messages = [...history, user(`Now say ${later}.`)]
  await ask(stage, call, { messages, tools, says: later, kinds: ['new'] })
}

interface SilentRequest {
  readonly call: ReturnType<Stage['newCall']>
  readonly messages: readonly Message[]
  readonly tools: readonly (typeof SKIP_TURN)[] | undefined
  readonly calls?: readonly string[]
}

/** A silence may be answered by words or by skipping the turn: which calls come is judged here. */
async function askSilently(
  stage: Stage,
  { call, messages, tools, calls }: SilentRequest,
): Promise<Attempt> {
  const answer = await ask({ ...stage, followsScript: false }, call, {
    messages,
    tools,
    kinds: ['silence'],
  })
  for (const { name } of answer.calls) {
    if (calls?.includes(name)) continue
    stage.fault(
      `${shown(name, stage.target)} was called for a silence`,
      'the platform would have run it at once',
    )
  }
  return answer
}

/** Two friendly questions are enough; a third would go on for ever. */
function expectPeace(stage: Stage, answer: Attempt, offersSkip: boolean): void {
  if (stage.isOver() || !stage.followsScript) return
  const skips = answer.calls.some(({ name }) => name === SKIP_TURN.function.name)
  const isQuiet = /^[.\u2026\s]*$/.test(answer.text)
  if (isQuiet && (skips || !offersSkip)) return
  stage.fault(
    'the third silence was answered by words again',
    'the caller would have been asked for ever',
  )
}

function asHistory({ text, calls }: Attempt): readonly Message[] {
  const words = /^[.\u2026\s]*$/.test(text) ? [] : [assistant(text)]
  return [...words, ...calls.flatMap((call) => ranTool(call, { status: 'success' }))]
}
