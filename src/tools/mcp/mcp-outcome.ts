import type { Lookup } from '../../flow/template.ts'
import type { Log } from '../../observability/log.ts'
import type { Health } from '../breaker.ts'
import type { McpAnswer, McpFailure, McpFailureKind } from './mcp-call.ts'
import type { McpTool } from './mcp-catalogue.ts'
import { textOf, toToolResult } from './mcp-result.ts'
import { isTooDeep } from '../nesting.ts'
import { badOutcome, okOutcome, unansweredOutcome, unsentOutcome } from '../tool-outcome.ts'
import type { ToolOutcome } from '../tool-runner.ts'
import { shortWithoutAddresses } from '../without-addresses.ts'

const MAX_DETAIL_LENGTH = 1000

interface AnsweredCall {
  readonly name: string
  readonly tool: McpTool
  readonly answer: McpAnswer
  readonly effect: 'read' | 'write'
  readonly lookup: Lookup
  readonly log: Log
}

/** What the model is told of an answer. */
export function toOutcome(call: AnsweredCall): ToolOutcome {
  const { name, tool, answer, lookup, log } = call
  switch (answer.type) {
    case 'failure':
      return failureOutcome(call, answer)
    case 'refusal':
      log.warn({ tool: name, why: 'refused' }, 'mcp call failed')
      return badOutcome('failed', 'the service refused the call', detailOf(answer.message))
    case 'result': {
      const { result } = answer
      if (result.isError) {
        return badOutcome('failed', 'the tool failed', detailOf(textOf(result.content)))
      }
      // Before it is written as text, which much deeper ones would exhaust the stack with.
      const toolResult = isTooDeep(result.structuredContent) ? null : toToolResult(result)
      if (toolResult && !isTooDeep(toolResult.value)) return okOutcome(tool, toolResult, lookup)
      log.warn({ tool: name, why: 'too_deep' }, 'mcp call failed')
      return unansweredOutcome(call.effect, 'the answer of the service is nested too deeply')
    }
  }
}

const FAILURES = {
  timeout: 'the service did not answer in time',
  cancelled: 'the call was cancelled',
  too_large: 'the answer of the service was too large',
  session: 'the service lost the connection; nothing was done',
  status: 'the service did not take the call',
  unreadable: 'the answer of the service cannot be read',
  broken: 'the service could not be reached',
} as const satisfies Record<McpFailureKind, string>

function failureOutcome(call: AnsweredCall, failure: McpFailure): ToolOutcome {
  const { why, sent, httpStatus, code } = failure
  if (why !== 'cancelled')
    call.log.warn({ tool: call.name, why, httpStatus, code }, 'mcp call failed')
  if (!sent) return unsentOutcome(FAILURES[why])
  // With these the server says that it did not look at the call. A 5xx may come from anywhere on the way.
  const isTurnedAway = httpStatus !== undefined && httpStatus >= 300 && httpStatus < 500
  return isTurnedAway
    ? badOutcome('failed', FAILURES[why])
    : unansweredOutcome(call.effect, FAILURES[why])
}

/** What the server says of the failure, as the model may need it to correct itself. */
function detailOf(message: string): string | undefined {
  return shortWithoutAddresses(message.trim(), MAX_DETAIL_LENGTH) || undefined
}

/** What an answer shows of the server; that of a tool which failed is well. */
export function healthOf(answer: McpAnswer): Health {
  if (answer.type !== 'failure') return 'up'
  if (answer.why === 'cancelled') return 'unclear'
  const { httpStatus } = answer
  return httpStatus !== undefined && httpStatus < 500 ? 'up' : 'down'
}
