import type { KeyMaterial } from '../conversation/conversation-key.ts'
import type { ConversationMessage } from '../conversation/message.ts'
import type { OfferedTool } from '../upstream/upstream.ts'

/** One request of a voice platform, whatever its protocol; what a front end makes of its wire. */
export interface TurnRequest {
  /** Name of the auth key; part of every conversation's identity. Empty when the server is open. */
  readonly caller: string
  /** Who asks, and where a conversation key may stand, besides the messages. */
  readonly keyMaterial: KeyMaterial
  readonly messages: readonly ConversationMessage[]
  /** The tools that the platform runs itself. */
  readonly platformTools: readonly OfferedTool[]
  readonly toolChoice?: unknown
  /** Allow-listed sampling parameters, by their wire names. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly wantsUsage: boolean
  /** `elevenlabs_extra_body` or one of its aliases; client-controlled, never trusted. */
  readonly extra: Readonly<Record<string, unknown>>
  /**
   * What the platform knows of the call, by name: declared variables of the flow that the conversation
   * itself has not set take these values.
   */
  readonly variables?: Readonly<Record<string, unknown>>
  /** What it notices at this moment, such as the caller's language: declared variables take it in any case. */
  readonly observed?: Readonly<Record<string, unknown>>
  /** The platform numbers its requests: whatever answers an older one is over, whoever spoke. */
  readonly isNewest?: boolean
  /** The platform wants words although the caller said nothing new: that is no silence. */
  readonly isTriggered?: boolean
  /** The platform sends no history: `messages` are only what is new, and the journal has the rest. */
  readonly continuesJournal?: true
  /**
   * No turn of the conversation but a job of the framework that asks, such as a summary: a plain
   * completion of these very messages, which changes nothing and of which nothing is remembered.
   */
  readonly isSideJob?: boolean
  /** The platform reads a mark at the beginning of an answer (✓, ○ or ◐) and does not speak it. */
  readonly readsMarks?: boolean
}

/**
 * What is kept of a request while it is answered. Its conversation is known and its history read by
 * then, and a body can hold megabytes.
 */
export type KeptRequest = Omit<TurnRequest, 'keyMaterial' | 'messages'>
