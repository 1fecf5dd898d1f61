import type { EncodedJson } from '../json-spans.ts'

/*
 * What the turn knows of a language model endpoint. No transport shows through: OpenAI-compatible
 * HTTP, the scripted stand-in and failover over several are the same interface.
 */

/** A JSON Schema function as models are offered it. */
export interface OfferedTool {
  readonly name: string
  readonly description?: string
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Whatever else the platform's definition said (`strict`), passed on untouched. */
  readonly strict?: boolean
}

export interface ModelToolCall {
  readonly id: string
  readonly name: string
  /** JSON text as the model wrote it; at least `{}`. */
  readonly arguments: string
}

/** One message of the upstream request. `encoded`: the bytes that say the same and may be copied. */
export type UpstreamMessage =
  | { readonly role: 'system'; readonly content: string }
  | {
      readonly role: 'user'
      readonly content: string | readonly object[]
      readonly encoded?: EncodedJson
    }
  | {
      readonly role: 'assistant'
      readonly content: string | null
      readonly calls?: readonly ModelToolCall[]
      readonly encoded?: EncodedJson
    }
  | { readonly role: 'tool'; readonly callId: string; readonly content: string }

export interface CompletionRequest {
  readonly messages: readonly UpstreamMessage[]
  readonly tools: readonly OfferedTool[]
  /** Sampling parameters that may go upstream, by their wire names (temperature, max_tokens...). */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly toolChoice?: unknown
  readonly wantsUsage: boolean
  /** For the scripted upstream, which answers by the state. Never sent to anybody. */
  readonly state: string
}

export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly totalTokens: number
}

export interface Completion {
  readonly text: string
  readonly calls: readonly ModelToolCall[]
  /** The upstream's word, normalised: `tool_calls` whenever there are calls. */
  readonly finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter'
  readonly usage?: Usage
}

export interface CompletionListener {
  /** Aborts the call at once; its reason becomes the rejection. */
  readonly signal: AbortSignal
  /**
   * Text as it arrives, at most one call per upstream read; the first is more than white space. A returned promise pauses the upstream
   * until it is settled: that is the back-pressure of the caller's socket.
   */
  readonly onText: (text: string) => void | Promise<void>
  /** Called once, synchronously with the first text or part of a tool call, before any of it is given out. */
  readonly onFirstToken?: () => void
}

export interface Upstream {
  readonly name: string
  /**
   * Resolves once the completion is whole. Rejects with TurnstateError `upstream_failed` or
   * `upstream_timeout` (or the signal's reason); text that was already given to `onText` stands.
   */
  complete(request: CompletionRequest, listener: CompletionListener): Promise<Completion>
  /** False while the endpoint is known to be failing. */
  isUsable(): boolean
  close(): Promise<void>
}

/** One of several upstreams: what routing goes by when it chooses between them. */
export interface Endpoint extends Upstream {
  /**
   * Whether a request may be sent now. Where the circuit is half open, a `true` is the permission for
   * the one probe: it is to be followed by `complete` at once.
   */
  admits(): boolean
  /** It said itself when to come back (`retry-after`), and that time has not come. */
  isToldToWait(): boolean
  /** Milliseconds within which 95 of 100 of the latest first tokens came; undefined while too few are known. */
  firstTokenP95Ms(): number | undefined
}
