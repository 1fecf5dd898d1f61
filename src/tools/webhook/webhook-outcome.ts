import type { Lookup } from '../../flow/template.ts'
import { effectOf, type WebhookTool } from '../../flow/tool-definition.ts'
import type { Log } from '../../observability/log.ts'
import type { Health } from '../breaker.ts'
import type { HttpFailure, HttpResult } from './http-call.ts'
import { isTooDeep } from '../nesting.ts'
import { mayBeDone } from './retry.ts'
import {
  badOutcome,
  okOutcome,
  unansweredOutcome,
  unsentOutcome,
  type ToolResult,
} from '../tool-outcome.ts'
import type { ToolOutcome } from '../tool-runner.ts'
import { shortWithoutAddresses } from '../without-addresses.ts'

const MAX_DETAIL_LENGTH = 500

type Answer = Extract<HttpResult, { type: 'answer' }>
type Failure = Extract<HttpResult, { type: 'failure' }>

/** A webhook call that is over, whatever came of it. */
interface EndedCall {
  readonly name: string
  readonly tool: WebhookTool
  readonly lookup: Lookup
  /** An earlier try may have been done. */
  readonly isInDoubt: boolean
  readonly log: Log
}

const FAILURES = {
  timeout: 'the service did not answer in time',
  cancelled: 'the call was cancelled',
  too_large: 'the answer of the service was too large',
  refused: 'this service cannot be reached',
  broken: 'the service could not be reached',
} as const satisfies Record<HttpFailure, string>

/** What the model is told of a call, and what edges and variables see of it. */
export function toOutcome(result: HttpResult, call: EndedCall): ToolOutcome {
  if (result.type === 'failure') return failureOutcome(result, call)
  if (result.status < 200 || result.status > 299) return refusalOutcome(result, call)
  const { name, tool, lookup, log } = call
  if (result.text === null) {
    log.warn({ tool: name, why: 'compressed' }, 'webhook answer not readable')
    // A write has happened all the same.
    return effectOf(tool) === 'write'
      ? okOutcome(tool, toToolResult(''), lookup)
      : badOutcome('failed', 'the answer of the service cannot be read')
  }
  const toolResult = toToolResult(result.text)
  if (!isTooDeep(toolResult.value)) return okOutcome(tool, toolResult, lookup)
  log.warn({ tool: name, why: 'too_deep' }, 'webhook failed')
  return unansweredOutcome(effectOf(tool), 'the answer of the service is nested too deeply')
}

/** What a call showed of the service: that it answers at all, if only to refuse, means that it is up. */
export function healthOf(result: HttpResult): Health {
  if (result.type === 'answer') return result.status >= 500 ? 'down' : 'up'
  switch (result.why) {
    case 'timeout':
    case 'broken':
      return 'down'
    case 'too_large':
      return 'up'
    case 'cancelled':
    case 'refused':
      return 'unclear'
  }
}

/** The address is none that may be asked. */
export function refusedOutcome(log: Log, tool: string): ToolOutcome {
  log.warn({ tool }, 'webhook address refused')
  return unsentOutcome(FAILURES.refused)
}

function failureOutcome(result: Failure, { name, tool, isInDoubt, log }: EndedCall): ToolOutcome {
  if (result.why === 'refused' && !isInDoubt) return refusedOutcome(log, name)
  if (result.why !== 'cancelled') {
    log.warn({ tool: name, why: result.why, code: result.code }, 'webhook failed')
  }
  const error = FAILURES[result.why]
  return result.sent || isInDoubt ? unansweredOutcome(effectOf(tool), error) : unsentOutcome(error)
}

function refusalOutcome(result: Answer, { name, tool, isInDoubt, log }: EndedCall): ToolOutcome {
  log.warn({ tool: name, httpStatus: result.status }, 'webhook failed')
  const error = `the service answered ${result.status}`
  // "Already taken" may be the doing of an earlier try.
  return isInDoubt || mayBeDone(result)
    ? unansweredOutcome(effectOf(tool), error)
    : badOutcome('failed', error, detailOf(result))
}

function toToolResult(text: string): ToolResult {
  if (text.trim() === '') return { value: '', text: 'ok' }
  try {
    const value: unknown = JSON.parse(text)
    return { value, text }
  } catch {
    return { value: text, text }
  }
}

/**
 * What the user's own API said against the request, as the model may need it to correct itself. Not
 * of a 5xx, where a stack trace stands, nor of a web page; and addresses never reach a caller.
 */
function detailOf({ status, text }: Answer): string | undefined {
  const said = text?.trim() ?? ''
  if (status < 400 || status > 499 || said === '' || said.startsWith('<')) return undefined
  return shortWithoutAddresses(said, MAX_DETAIL_LENGTH)
}
