import type { TokenContext } from '../conversation/state-token.ts'
import type { ViewOptions } from '../conversation/view.ts'
import type { Flow, SpokenText } from '../flow/definition.ts'
import type { Filler } from '../flow/filler.ts'
import type { Tools } from '../flow/tool-definition.ts'
import type { LimitOptions, SpeechOptions } from './options.ts'

/** What every turn of this server goes by; made once, at start. */
export interface TurnSettings {
  readonly flow: Flow
  readonly tools: Tools
  readonly limits: LimitOptions
  /** Spoken when nothing else worked; null: errors before the first word are HTTP errors. */
  readonly fallback: SpokenText | null
  readonly turnTimeoutMs: number
  /** For how long a turn goes on after the last of its callers hung up. */
  readonly attachGraceMs: number
  /** For how long after a conversation's last request an effect that nobody was told of stays. */
  readonly undoAfterMs: number
  /** Said while nothing else can be, where neither state nor tool has one of its own. */
  readonly filler: Filler | null
  /** There is one at some place. */
  readonly hasFillers: boolean
  readonly speech: SpeechOptions
  /** What tools are told and tell may be shown: no variable of the flow is sensitive. */
  readonly showsToolContents: boolean
  readonly timezone: string
  readonly view: ViewOptions
  readonly token: TokenContext
}

/** For failures after the headers, when no `fallback` is configured. */
export const BUILT_IN_FALLBACK =
  'Sorry, something went wrong on my side. Could you say that again, please?'
