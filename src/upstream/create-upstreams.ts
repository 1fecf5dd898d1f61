import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { createOpenAiCompatibleUpstream } from './openai-compatible.ts'
import type { OpenAiCompatibleOptions, RoutingOptions } from './options.ts'
import { createRouting } from './routing.ts'
import type { Script } from './script.ts'
import { createScriptedUpstream } from './scripted-upstream.ts'
import type { Upstream } from './upstream.ts'

/** An upstream of the configuration, its script already read. */
export type ConfiguredUpstream =
  OpenAiCompatibleOptions | { readonly type: 'scripted'; readonly script: Script }

interface UpstreamsOptions {
  readonly upstreams: Readonly<Record<string, ConfiguredUpstream>>
  readonly routing: RoutingOptions
  /** Reasoning that a model writes into its text (`<think>`) is left out. */
  readonly stripThink: boolean
  readonly log: Log
  readonly metrics: Metrics
}

/** The configured upstreams as one, in the order of `routing.order` (default: as they stand). */
export function createUpstreams({
  upstreams,
  routing,
  stripThink,
  log,
  metrics,
}: UpstreamsOptions): Upstream {
  const order = routing.order ?? Object.keys(upstreams)
  const endpoints = order.map((name) => {
    const options = upstreams[name]
    if (options === undefined)
      throw new TurnstateError('internal', 'Routing names no such upstream')
    return options.type === 'scripted'
      ? createScriptedUpstream({ name, script: options.script, routing })
      : createOpenAiCompatibleUpstream({ name, options, routing, stripThink, log, metrics })
  })
  if (endpoints.length === 0) throw new TurnstateError('internal', 'No upstream is configured')
  return createRouting({ endpoints, hedge: routing.hedge, log, metrics })
}
