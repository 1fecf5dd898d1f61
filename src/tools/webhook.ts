import { Agent } from 'undici'
import type { Lookup } from '../flow/template.ts'
import { effectOf, type WebhookTool } from '../flow/tool-definition.ts'
import type { Log } from '../observability/log.ts'
import { createAddressGuard } from './address-guard.ts'
import { callHttp, type HttpFailure, type HttpResult } from './http-call.ts'
import { isTooDeep } from './nesting.ts'
import type { WebhookOptions } from './options.ts'
import { badOutcome, okOutcome } from './tool-outcome.ts'
import type { ToolOutcome } from './tool-runner.ts'
import { toHttpCall } from './webhook-request.ts'
import { withoutAddresses } from './without-addresses.ts'

const MAX_DETAIL_LENGTH = 500

interface WebhookCall {
  readonly name: string
  readonly tool: WebhookTool
  readonly args: Readonly<Record<string, unknown>>
  readonly lookup: Lookup
  readonly signal: AbortSignal
}

export interface WebhookClient {
  /** May reject on what no configuration check can foresee; the runner turns that into an outcome. */
  run(call: WebhookCall): Promise<ToolOutcome>
  close(): Promise<void>
}

/** One connection pool for all webhooks, with the address guard at connect time. */
export function createWebhookClient(dependencies: {
  readonly options: WebhookOptions
  readonly log: Log
}): WebhookClient {
  const { log } = dependencies
  const guard = createAddressGuard(dependencies.options.allow_hosts)
  const agent = new Agent({ connect: { lookup: guard.lookup } })
  return {
    async run({ name, tool, args, lookup, signal }) {
      const request = toHttpCall(tool, args, lookup)
      if (!request) return badOutcome('failed', 'an argument does not fit this tool')
      if (!guard.permits(request.url)) return refuse(log, name)
      const result = await callHttp(agent, request, { signal, timeoutMs: tool.timeout_ms })
      if (result.type === 'failure') return failureOutcome({ name, tool, result, log })
      if (result.status < 200 || result.status > 299) {
        log.warn({ tool: name, httpStatus: result.status }, 'webhook failed')
        return badOutcome('failed', `the service answered ${result.status}`, detailOf(result))
      }
      const toolResult = toToolResult(result.text)
      if (isTooDeep(toolResult.value)) return unreadable(log, name, tool)
      return okOutcome(tool, toolResult, lookup)
    },
    close: () => agent.destroy(),
  }
}

const FAILURES = {
  timeout: 'the service did not answer in time',
  cancelled: 'the call was cancelled',
  too_large: 'the answer of the service was too large',
  refused: 'this service cannot be reached',
  broken: 'the service could not be reached',
} as const satisfies Record<HttpFailure, string>

function failureOutcome(failure: {
  readonly name: string
  readonly tool: WebhookTool
  readonly result: Extract<HttpResult, { type: 'failure' }>
  readonly log: Log
}): ToolOutcome {
  const { name, tool, result, log } = failure
  if (result.why === 'refused') return refuse(log, name)
  if (result.why !== 'cancelled') {
    log.warn({ tool: name, why: result.why, code: result.code }, 'webhook failed')
  }
  const error = FAILURES[result.why]
  return result.sent ? withoutAnswer(tool, error) : badOutcome('failed', error)
}

/** The request has arrived, and what came of it cannot be told. */
function withoutAnswer(tool: WebhookTool, error: string): ToolOutcome {
  return effectOf(tool) === 'write'
    ? badOutcome('unknown', `${error}; it is not known whether this was done`)
    : badOutcome('failed', error)
}

function unreadable(log: Log, name: string, tool: WebhookTool): ToolOutcome {
  log.warn({ tool: name, why: 'too_deep' }, 'webhook failed')
  return withoutAnswer(tool, 'the answer of the service is nested too deeply')
}

function refuse(log: Log, tool: string): ToolOutcome {
  log.warn({ tool }, 'webhook address refused')
  return badOutcome('failed', FAILURES.refused)
}

function toToolResult(text: string): { readonly value: unknown; readonly text: string } {
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
function detailOf(result: Extract<HttpResult, { type: 'answer' }>): string | undefined {
  const text = result.text.trim()
  if (result.status < 400 || result.status > 499 || text === '' || text.startsWith('<')) {
    return undefined
  }
  return withoutAddresses(text.slice(0, 8 * MAX_DETAIL_LENGTH)).slice(0, MAX_DETAIL_LENGTH)
}
