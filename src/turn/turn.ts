import type { FinishReason } from '../conversation/journal.ts'
import type { Confidence, Heard, Kind } from '../conversation/kinds.ts'
import type { Variables } from '../flow/position.ts'
import type { ModelToolCall, Usage } from '../upstream/upstream.ts'
import type { TurnRequest } from './turn-request.ts'

/** What is known of a turn before anything is generated: the `x-turnstate-*` headers. */
export interface TurnFacts {
  /** The conversation's key; null when the request stands alone. */
  readonly conversation: string | null
  /** The configured source that gave the key (`header.x-conversation-id`), or `none`. */
  readonly keySource: string
  readonly exchange: number
  readonly state: string
  /** `side_job`: no turn of the conversation, so that the rest says next to nothing. */
  readonly kind: Kind | 'side_job'
  readonly heard: Heard
  readonly confidence: Confidence
}

/** A turn that was answered and that the history does not show. */
interface DiscardedTurn {
  readonly turn: number
  readonly exchange: number
  readonly state: string
}

/** What the dry run tells. */
export interface Derivation extends TurnFacts {
  /** Sensitive ones are masked. */
  readonly variables: Variables
  readonly rollback: boolean
  readonly discarded: readonly DiscardedTurn[]
  /** Names of the tools that the model would be offered, in order. */
  readonly tools: readonly string[]
}

export type TurnEvent =
  | { readonly type: 'text-delta'; readonly text: string }
  /** A call for the platform, whole. */
  | { readonly type: 'tool-call'; readonly call: ModelToolCall }
  /** Nothing can be said yet: show that the line is alive. At most 1.5 s apart. */
  | { readonly type: 'keep-alive' }

/** One of the server's own tools runs, or has run; without contents where the flow has secrets. */
export type ServerToolEvent =
  | { readonly type: 'call'; readonly call: ModelToolCall }
  | {
      readonly type: 'result'
      readonly callId: string
      readonly content: string
      readonly isOk: boolean
    }

export interface TurnListener {
  /** Aborted when the caller is gone. */
  readonly signal: AbortSignal
  /**
   * True for a stream: `keep-alive` events come while nothing can be said, and once any event went
   * out a failure is spoken instead of thrown. False for one JSON body at the end.
   */
  readonly streams: boolean
  /** A failure is spoken even before the first word: a socket has no status codes. */
  readonly speaksFailures?: boolean
  /** A returned promise pauses the turn until it is settled (the caller's socket is full). */
  onEvent(event: TurnEvent): void | Promise<void>
  /** For a transcript: only as it happens, never again. */
  onServerTool?(event: ServerToolEvent): void
}

export interface TurnEnd {
  readonly finishReason: FinishReason
  /** Another request took its place: what was said so far is all. */
  readonly isSuperseded: boolean
  /** It broke off, and an apology was said: who asks again wants another one. */
  readonly isFailed: boolean
  readonly usage?: Usage
  /** The state once this answer is heard. */
  readonly state: string
  /** The sealed token that says so, made when asked for; null where it would be too large. */
  readonly token: () => string | null
}

/** Where an answer comes from; `quiet` takes note and says nothing. */
export type AnswerSource = 'generated' | 'joined' | 'replayed' | 'quiet'

export interface TurnAnswer {
  readonly facts: TurnFacts
  readonly source: AnswerSource
  /**
   * Listens to the answer from its beginning; call it once. Rejects with a TurnstateError only while
   * nothing was said and no `fallback` is configured, or `caller_gone`; any later failure is spoken
   * and ends well.
   */
  run(listener: TurnListener): Promise<TurnEnd>
  /** Some of what was said so far is the answer itself, and no filler, announcement or fallback. */
  hasAnswered(): boolean
  /** To be called once the end of the answer has left for the caller. */
  delivered(): void
  /** Resolves once nothing goes on for it any more: a turn can outlive those who listen. */
  readonly ended: Promise<unknown>
}

/** What of a request tells which conversation is meant, where no system text does. */
export type ConversationOf = Pick<TurnRequest, 'caller' | 'keyMaterial'>

export interface TurnEngine {
  /** Derives what the request is and begins to answer it, or finds the turn that does. */
  begin(request: TurnRequest): Promise<TurnAnswer>
  /** The same derivation without any effect: no upstream call, no tool, nothing written. */
  derive(request: TurnRequest): Promise<Derivation>
  /** Something was said in the request's conversation already, as far as anybody remembers. */
  isKnown(request: TurnRequest): Promise<boolean>
  /**
   * The caller spoke over what is being said in this conversation: it ends, and what the platform says
   * was heard of it is kept (null: it does not say). Decided before whatever is begun after the call.
   */
  interrupted(call: ConversationOf, heardText: string | null): Promise<void>
  /** What is said where a turn could not even begin. */
  readonly apology: string
  /** Resolves once nothing goes on that no answer waits for: what is being undone. */
  idle(): Promise<void>
}
