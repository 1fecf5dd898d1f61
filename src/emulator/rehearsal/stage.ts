import type { OutgoingHttpHeaders } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { NO_ATTEMPT, type Attempt } from './attempt.ts'
import type { ControlledUpstream } from './controlled-upstream.ts'
import { newConversationId } from './conversation-id.ts'
import type { Json } from './json.ts'
import { systemText, type Message } from './messages.ts'
import type { OfferedTool } from './platform-tools.ts'
import { TOTAL_LIMIT_MS, type Fault } from './oracle.ts'
import { post, type Posting } from './post.ts'
import { authorization, type Target } from './target.ts'

/** One scenario says no more than this, whatever the server does. */
const MAX_FAULTS = 12

export interface StageOptions {
  readonly target: Target
  readonly cascadeTimeoutMs: number
  readonly strict: boolean
  /** Null: nobody counts model calls and tool runs. */
  readonly upstream: ControlledUpstream | null
  /** The server's model knows the trigger phrases, so its words can be checked. */
  readonly followsScript: boolean
  readonly signal: AbortSignal
}

/** What one scenario plays on: it sends, waits, and writes down what went wrong. */
export interface Stage extends StageOptions {
  readonly faults: readonly Fault[]
  readonly addFaults: (faults: readonly Fault[]) => void
  readonly fault: (what: string, consequence: string) => void
  /** Says in what form of the scenario all faults so far happened. */
  readonly nameFaults: (form: string) => void
  /** The scenario cannot be played at this server. */
  readonly skip: (reason: string) => void
  readonly skipped: () => string | null
  /** Something went wrong that the call would not have survived, or nobody listens any more. */
  readonly isOver: () => boolean
  readonly wait: (milliseconds: number) => Promise<void>
  readonly newCall: (prompt?: string) => Call
  readonly countRequest: () => void
  readonly requests: () => number
  /** Of the first turn that was answered. */
  readonly firstOutputMs: () => number | null
  readonly noteFirstOutput: (attempt: Attempt) => void
}

/** One phone call. */
export interface Call {
  readonly id: string
  readonly open: (request: OpenRequest) => Posting
}

export interface OpenRequest {
  /** The history without the system message. */
  readonly messages: readonly Message[]
  readonly tools?: readonly OfferedTool[] | undefined
  /** Fields that replace or join those of the usual body; undefined leaves one out. */
  readonly body?: Json | undefined
  /** Beside the usual ones; undefined leaves one out. */
  readonly headers?: OutgoingHttpHeaders | undefined
  readonly url?: string | undefined
  /** Instead of the call's own system text. */
  readonly system?: string | undefined
}

export function createStage(options: StageOptions): Stage {
  const faults: Fault[] = []
  let skippedFor: string | null = null
  let requests = 0
  let firstOutputMs: number | null = null
  const addFault = (fault: Fault) => {
    const isKnown = faults.some(
      ({ what, consequence }) => what === fault.what && consequence === fault.consequence,
    )
    if (!isKnown && faults.length < MAX_FAULTS) faults.push(fault)
  }
  const isOver = () => faults.length > 0 || skippedFor !== null || options.signal.aborted

  function open(id: string, prompt: string | undefined, request: OpenRequest): Posting {
    if (isOver()) return NO_POSTING
    requests++
    return post({
      url: request.url ?? options.target.url,
      headers: withoutUndefined({ ...authorization(options.target), ...request.headers }),
      body: usualBody(options.target, request, request.system ?? systemText(id, prompt)),
      // A little more than any turn may take: what is still open then has failed.
      limitMs: TOTAL_LIMIT_MS + 1000,
      strict: options.strict,
      signal: options.signal,
    })
  }

  return {
    ...options,
    faults,
    addFaults: (more) => {
      for (const fault of more) addFault(fault)
    },
    fault: (what, consequence) => {
      addFault({ what, consequence })
    },
    nameFaults: (form) => {
      const named = faults.map((fault) => ({ ...fault, what: `${form}: ${fault.what}` }))
      faults.splice(0, faults.length, ...named)
    },
    skip: (reason) => void (skippedFor ??= reason),
    skipped: () => skippedFor,
    isOver,
    wait: async (milliseconds) => {
      if (!isOver())
        await wait(milliseconds, undefined, { signal: options.signal }).catch(() => undefined)
    },
    newCall: (prompt) => {
      const id = newConversationId()
      return { id, open: (request) => open(id, prompt, request) }
    },
    countRequest: () => {
      requests++
    },
    requests: () => requests,
    firstOutputMs: () => firstOutputMs,
    noteFirstOutput: (attempt) => void (firstOutputMs ??= attempt.firstOutputMs),
  }
}

const NO_POSTING: Posting = {
  ended: Promise.resolve(NO_ATTEMPT),
  heard: () => Promise.resolve(),
  hasOutput: () => false,
  leave: () => undefined,
  giveUp: () => undefined,
}

function withoutUndefined(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
}

/** The keys that were recorded from the platform. */
function usualBody(target: Target, { messages, tools, body }: OpenRequest, system: string): Json {
  return {
    messages: [{ role: 'system', content: system }, ...messages],
    model: target.model,
    max_tokens: 8192,
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.0,
    ...(tools && { tools }),
    ...body,
  }
}
