import { ask, expectHeader } from '../ask.ts'
import type { Attempt } from '../attempt.ts'
import { expectModelCalls } from '../count-checks.ts'
import { assistant, GREETING, ranTool, user, type Message } from '../messages.ts'
import { SKIP_TURN, toolName } from '../platform-tools.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

const TIMES = 3
const SKIP = toolName(SKIP_TURN)

export const SILENCES: readonly Scenario[] = [
  {
    number: 10,
    name: 'silence-dots',
    title: 'Silence three times, as the user text "..."',
    play: (stage) => silence(stage, { saysDots: true, offersSkip: false }),
  },
  {
    number: 10,
    name: 'silence-tail',
    title: 'Silence three times, the reply as the last message',
    play: (stage) => silence(stage, { saysDots: false, offersSkip: false }),
  },
  {
    number: 10,
    name: 'silence-skip-turn',
    title: 'Silence three times, with skip_turn offered',
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
    const answer = await ask(stage, call, { messages, tools, mayCall: [SKIP], kind: 'silence' })
    expectHeader(stage, answer, { exchange: '1' })
    if (time === TIMES) expectPeace(stage, answer, offersSkip)
    history = [...messages, ...asHistory(answer)]
  }
  expectModelCalls(stage, call, TIMES + 1)
  const messages = [...history, user(`Now say ${later}.`)]
  await ask(stage, call, { messages, tools, says: later, kind: 'new' })
}

/** Two friendly questions are enough; a third would go on for ever. */
function expectPeace(stage: Stage, answer: Attempt, offersSkip: boolean): void {
  if (stage.isOver() || !stage.followsScript) return
  const skips = answer.calls.some(({ name }) => name === SKIP)
  if (isWordless(answer.text) && (skips || !offersSkip)) return
  stage.fault(
    'the third silence was answered by words again',
    'the caller would have been asked for ever',
  )
}

function asHistory({ text, calls }: Attempt): readonly Message[] {
  const words = isWordless(text) ? [] : [assistant(text)]
  return [...words, ...calls.flatMap((call) => ranTool(call, { status: 'success' }))]
}

function isWordless(text: string): boolean {
  return /^[.\u2026\s]*$/.test(text)
}
