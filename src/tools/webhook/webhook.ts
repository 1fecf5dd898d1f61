import { Agent } from 'undici'
import type { Lookup } from '../../flow/template.ts'
import { effectOf, type WebhookTool } from '../../flow/tool-definition.ts'
import type { Log } from '../../observability/log.ts'
import { createAddressGuard } from './address-guard.ts'
import { callWithRetry } from './call-with-retry.ts'
import type { EndedRun } from '../guarded-call.ts'
import { callHttp, type HttpResult } from './http-call.ts'
import type { WebhookOptions } from '../options.ts'
import { unsentOutcome } from '../tool-outcome.ts'
import type { ToolContext, ToolOutcome } from '../tool-runner.ts'
import { healthOf, refusedOutcome, toOutcome } from './webhook-outcome.ts'
import { toHttpCall } from './webhook-request.ts'
import { createStamper } from './webhook-signature.ts'

/** Balancers and routers on the way forget idle connections without a word, whatever the server says. */
const MAX_IDLE_MS = 60_000

interface WebhookCall {
  readonly name: string
  readonly tool: WebhookTool
  readonly args: Readonly<Record<string, unknown>>
  readonly lookup: Lookup
  readonly context: ToolContext
}

export interface WebhookClient {
  /** May reject on what no configuration check can foresee; the runner turns that into an outcome. */
  run(call: WebhookCall): Promise<EndedRun>
  close(): Promise<void>
}

/** One connection pool for all webhooks, with the address guard at connect time. */
export function createWebhookClient(dependencies: {
  readonly options: WebhookOptions
  readonly log: Log
}): WebhookClient {
  const { options, log } = dependencies
  const guard = createAddressGuard(options.allow_hosts)
  const stamperFor = createStamper(options.signing_secret)
  // With more than one request at a time on a connection undici would repeat those behind one that broke it.
  const agent = new Agent({
    connect: { lookup: guard.lookup },
    pipelining: 1,
    keepAliveMaxTimeout: MAX_IDLE_MS,
  })
  return {
    async run({ name, tool, args, lookup, context }) {
      const { signal, idempotencyKey } = context
      const request = toHttpCall(tool, args, lookup)
      if (!request) return unclear(unsentOutcome('an argument does not fit this tool'))
      if (!guard.permits(request.url)) return unclear(refusedOutcome(log, name))
      const stamp = stamperFor(idempotencyKey)
      const { result, isInDoubt } = await callWithRetry({
        send: (timeoutMs) => callHttp(agent, stamp(request), { signal, timeoutMs }),
        mayRepeat: effectOf(tool) === 'read' || (tool.idempotent && idempotencyKey !== undefined),
        signal,
        timeoutMs: tool.timeout_ms,
        onRetry: (first) => log.info({ tool: name, ...reasonOf(first) }, 'webhook tried again'),
      })
      const outcome = toOutcome(result, { name, tool, lookup, isInDoubt, log })
      return { outcome, health: healthOf(result) }
    },
    close: () => agent.destroy(),
  }
}

function unclear(outcome: ToolOutcome): EndedRun {
  return { outcome, health: 'unclear' }
}

function reasonOf(result: HttpResult): object {
  return result.type === 'answer' ? { httpStatus: result.status } : { code: result.code }
}
