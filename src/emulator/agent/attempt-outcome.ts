import type { Attempt } from '../rehearsal/attempt.ts'
import { failureOf, judgeCalls, judgeTurn } from '../rehearsal/oracle.ts'
import type { OfferedTool } from '../rehearsal/platform-tools.ts'

/** Why the platform would not take the answer of a try; null if it is content. */
export function failureOfTry(attempt: Attempt, cascadeTimeoutMs: number): string | null {
  const { firstOutputMs, ending, oddities, isDone } = attempt
  // The clock that cut the wait has decided whether the first text was late.
  const failure = failureOf(attempt, firstOutputMs === null ? cascadeTimeoutMs : Infinity)
  if (failure !== null) return failure
  if (ending === 'cut') return 'the connection broke in the middle of the stream'
  if (ending !== 'whole') return oddities[0] ?? 'the stream did not end'
  const error = oddities.find((oddity) => oddity.includes('error'))
  if (error !== undefined) return error
  return isDone ? null : 'the stream ended without [DONE]'
}

/** What is odd about an answer that the platform takes. */
export function warningsOf(attempt: Attempt, offered: readonly OfferedTool[]): readonly string[] {
  const expectation = { cascadeTimeoutMs: Infinity, strict: false, allowedTries: 1 }
  const faults = [...judgeTurn([attempt], expectation), ...judgeCalls(attempt.calls, offered)]
  return faults.map(({ what }) => what)
}

/** One try for a person to read. */
export function tryText(attempt: Attempt, offered: readonly OfferedTool[]): string {
  const { status, firstOutputMs, text, calls, postedAt, endedAt } = attempt
  const names = calls.map(({ name }) =>
    // Any other name is the server's own text, unfit for a terminal.
    offered.some((tool) => tool.function.name === name) ? name : '(not offered)',
  )
  return [
    status === null ? 'no answer' : `status ${status}`,
    firstOutputMs === null ? 'no text' : `first text ${Math.round(firstOutputMs)} ms`,
    `end ${Math.round(endedAt - postedAt)} ms`,
    `${text.length} characters`,
    ...(names.length > 0 ? [`calls ${names.join(', ')}`] : []),
  ].join('  ')
}
