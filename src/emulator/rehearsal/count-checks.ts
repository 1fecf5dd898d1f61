import type { Attempt } from './attempt.ts'
import type { ModelCall } from './controlled-upstream.ts'
import { judgeSuperseded } from './oracle.ts'
import type { Posting } from './post.ts'
import type { Call, Stage } from './stage.ts'

/** Within this time an overtaken model call must have ended; generous, for busy machines. */
const ABORT_LIMIT_MS = 1500
const POLL_MS = 20

/** The model calls that answer speech with these words; those after a tool's result are not among them. */
function callsFor({ upstream }: Stage, call: Call, words: string): readonly ModelCall[] {
  const all = upstream?.modelCalls(call.id) ?? []
  return all.filter(({ tail, userText }) => tail !== 'tool' && userText.includes(words))
}

/** A turn is generated, and paid for, once. */
export function expectOneModelCall(stage: Stage, call: Call, words: string): void {
  if (stage.isOver() || !stage.upstream) return
  const times = callsFor(stage, call, words).length
  if (times === 1) return
  stage.fault(
    `the model was asked ${times} times for one turn`,
    times === 0
      ? 'the words came from somewhere else'
      : `${times} generations would have been billed, and each starts the wait anew`,
  )
}

/** At most so many model calls in the whole call so far. */
export function expectModelCalls(stage: Stage, call: Call, atMost: number): void {
  if (stage.isOver() || !stage.upstream) return
  const times = stage.upstream.modelCalls(call.id).length
  if (times <= atMost) return
  stage.fault(
    `the model was asked ${times} times where ${atMost} would do`,
    'more generations would have been billed',
  )
}

/** A tool changes the world: once per turn. */
export function expectOneToolRun(stage: Stage, tool: string, order: string): void {
  if (stage.isOver() || !stage.upstream) return
  const times = stage.upstream.toolRuns(tool, order)
  if (times === 1) return
  stage.fault(
    `${tool} ran ${times} times for one turn`,
    times === 0 ? 'nothing would have been done' : 'it would have been done twice',
  )
}

interface Replaced {
  /** Whether a user text is one that was replaced. */
  readonly isReplaced: (text: string) => boolean
  /** When the request that replaced them was sent; milliseconds of `performance.now()`. */
  readonly since: number
}

/** Model calls for texts that were replaced must not run to their end. */
export async function expectAborted(
  stage: Stage,
  call: Call,
  { isReplaced, since }: Replaced,
): Promise<void> {
  if (stage.isOver() || !stage.upstream) return
  const calls = stage.upstream.modelCalls(call.id).filter(({ userText }) => isReplaced(userText))
  const until = since + ABORT_LIMIT_MS
  while (calls.some(({ endedAt }) => endedAt === null) && performance.now() < until) {
    await stage.wait(POLL_MS)
  }
  const left = calls.filter(({ wasAborted, endedAt }) => !wasAborted || (endedAt ?? 0) > until)
  if (left.length === 0) return
  stage.fault(
    `${left.length} of ${calls.length} model calls for replaced texts ran on`,
    'generations that nobody hears would have been billed',
  )
}

/** What the platform has given up or overtaken: it must end, and may be silent. */
export async function expectEnded(
  stage: Stage,
  postings: readonly Posting[],
): Promise<readonly Attempt[]> {
  const attempts = await Promise.all(postings.map(({ ended }) => ended))
  if (!stage.signal.aborted) stage.addFaults(attempts.flatMap(judgeSuperseded))
  return attempts
}
