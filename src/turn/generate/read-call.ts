import type { AnsweredCall } from '../../conversation/journal.ts'
import type { ToolOutcome } from '../../tools/tool-runner.ts'
import { untilAborted } from '../../until-aborted.ts'
import { toAnswered } from './answered-call.ts'
import type { LiveTurn } from './live-turn.ts'
import { runRemembered } from './remembered-read.ts'
import { announce, note, assignOutcome, followOutcome, type ServerCall } from './server-call.ts'

/** Reads of one step that run at a time. */
const MAX_AT_A_TIME = 4

/** Runs the reads of a step together; what came of them counts in the order of the calls. */
export async function runReads(
  turn: LiveTurn,
  reads: readonly ServerCall[],
): Promise<readonly AnsweredCall[]> {
  const next = createLimit(MAX_AT_A_TIME)
  const running = reads.map((read) => next(() => runRead(turn, read)))
  const answers: AnsweredCall[] = []
  for (const [index, read] of reads.entries()) {
    const outcome = await running[index]
    if (outcome) answers.push(takeRead(turn, read, outcome))
  }
  return answers
}

function runRead(turn: LiveTurn, read: ServerCall): Promise<ToolOutcome> {
  // It had to wait for room, and nobody waits for it any more.
  if (turn.signal.aborted) return Promise.resolve(CANCELLED)
  const cancels = read.tool.cancel_on_interruption ?? true
  const signal = cancels ? turn.signal : new AbortController().signal
  const endWait = turn.fillers.wait(read.tool)
  const run = runRemembered(turn, read, { signal, onRun: () => announce(turn, read.tool) })
  const outcome = cancels ? run : untilAborted(run, turn.signal).catch(() => CANCELLED)
  return outcome.finally(endWait)
}

const CANCELLED: ToolOutcome = { status: 'failed', content: '' }

function takeRead(turn: LiveTurn, read: ServerCall, outcome: ToolOutcome): AnsweredCall {
  // What the hang-up itself cut off has neither failed nor moved the flow.
  if (outcome.status === 'failed') turn.signal.throwIfAborted()
  if (!turn.signal.aborted || outcome.status === 'ok') {
    assignOutcome(turn, read, outcome)
    return followOutcome(turn, read, outcome)
  }
  return note(turn, toAnswered(read.call, outcome.content))
}

/** Runs at most so many at a time, in order. */
function createLimit(max: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async <Value>(run: () => Promise<Value>): Promise<Value> => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
