import { setTimeout as wait } from 'node:timers/promises'
import { NO_ATTEMPT, type Attempt } from './attempt.ts'
import {
  failureOf,
  judgeCalls,
  judgeTurn,
  judgeWords,
  MAX_TRIES,
  TOTAL_LIMIT_MS,
} from './oracle.ts'
import type { Posting } from './post.ts'
import { shown } from './shown.ts'
import type { Call, OpenRequest, Stage } from './stage.ts'

export interface Question extends OpenRequest, AnswerExpectation {
  /** What the first try is; checked only where the answer names its kind. */
  readonly kind?: string | undefined
  readonly allowedTries?: number | undefined
}

interface AnswerExpectation {
  readonly tools?: OpenRequest['tools']
  /** Must come in the reply exactly once; checked only where the model follows the rehearsal. */
  readonly says?: string | undefined
  readonly notSays?: readonly string[] | undefined
  /** Names of the calls that must come, if the model follows the rehearsal; none by default. */
  readonly calls?: readonly string[] | undefined
  /** Names of calls that may come beside these. */
  readonly mayCall?: readonly string[] | undefined
}

/** One live turn as the platform plays it: up to three tries, each with the cascade timeout. */
export async function ask(stage: Stage, call: Call, question: Question): Promise<Attempt> {
  if (stage.isOver()) return NO_ATTEMPT
  const tries: Attempt[] = []
  const { cascadeTimeoutMs } = stage
  const startedAt = performance.now()
  while (tries.length < MAX_TRIES && !stage.signal.aborted) {
    const posting = call.open(question)
    await firstOutput(posting, stage)
    if (!posting.hasOutput()) posting.leave()
    const timeLeft = startedAt + TOTAL_LIMIT_MS - performance.now()
    const attempt = await endedWithin(posting, timeLeft, stage.signal)
    tries.push(attempt)
    if (failureOf(attempt, cascadeTimeoutMs) === null) break
  }
  if (stage.signal.aborted) return NO_ATTEMPT
  const answer = tries.at(-1) ?? NO_ATTEMPT
  judgeTries(stage, tries, question.allowedTries)
  judgeAnswer(stage, answer, question)
  for (const [index, attempt] of tries.entries()) {
    expectKind(stage, attempt, index === 0 ? question.kind : 'retry')
  }
  return answer
}

/** Whether the tries of one turn came in time and ended well, whatever they say. */
export function judgeTries(stage: Stage, tries: readonly Attempt[], allowedTries = 1): void {
  if (stage.isOver()) return
  const { cascadeTimeoutMs, strict } = stage
  stage.addFaults(judgeTurn(tries, { cascadeTimeoutMs, strict, allowedTries }))
  stage.noteFirstOutput(tries.at(-1) ?? NO_ATTEMPT)
}

/** Whether the words and calls are those that the caller's text asks for. */
export function judgeAnswer(stage: Stage, answer: Attempt, question: AnswerExpectation): void {
  if (stage.isOver()) return
  const { followsScript } = stage
  stage.addFaults(judgeCalls(answer.calls, question.tools ?? []))
  if (!followsScript) return
  stage.addFaults(judgeWords(answer.text, question))
  const names = answer.calls.map(({ name }) => name)
  for (const name of question.calls ?? []) {
    if (!names.includes(name)) {
      stage.fault(`the model’s call of ${name} did not arrive`, 'nothing would have happened')
    }
  }
  for (const name of names) {
    if (question.calls?.includes(name) || question.mayCall?.includes(name)) continue
    stage.fault(
      `${shown(name, stage.target)} was called without being asked for`,
      'the platform would have run it at once',
    )
  }
}

/** Servers that say what they take a request for must be right about it. */
export function expectKind(stage: Stage, attempt: Attempt, kind: string | undefined): void {
  const seen = attempt.headers['x-turnstate-kind']
  if (kind === undefined || seen === undefined || kind.split('|').includes(seen)) return
  stage.fault(
    `the request was taken for "${shown(seen, stage.target)}" instead of "${kind}"`,
    'the flow would go on from the wrong place',
  )
}

/** Checks a header that turnstate sends; others are not asked for it. */
export function expectHeader(
  stage: Stage,
  attempt: Attempt,
  expected: Readonly<Record<string, string | undefined>>,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const seen = attempt.headers[`x-turnstate-${name}`]
    if (seen === undefined || value === undefined || seen === value) continue
    stage.fault(
      `${name} is "${shown(seen, stage.target)}" instead of "${shown(value, stage.target)}"`,
      'the flow would go on from the wrong place',
    )
  }
}

/** Waits for the first output, the end of the answer, or the cascade timeout. */
async function firstOutput(posting: Posting, { cascadeTimeoutMs, signal }: Stage): Promise<void> {
  const over = new AbortController()
  const timeout = wait(cascadeTimeoutMs, undefined, {
    signal: AbortSignal.any([over.signal, signal]),
  })
  await Promise.race([posting.heard(1), posting.ended, timeout.catch(() => undefined)])
  over.abort()
}

/** The attempt, given up after the time that a turn may take. */
async function endedWithin(
  posting: Posting,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const over = new AbortController()
  const limit = wait(Math.max(0, milliseconds) + 500, undefined, {
    signal: AbortSignal.any([over.signal, signal]),
  })
  const stop = limit.then(posting.giveUp, () => undefined)
  const attempt = await posting.ended
  over.abort()
  await stop
  return attempt
}
