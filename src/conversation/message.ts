import type { EncodedJson } from '../json-spans.ts'

export interface MessageCall {
  readonly id: string
  readonly name: string
  /** JSON text. */
  readonly arguments: string
}

/** A message of the request's history, read leniently by the front end. `developer` is `system`. */
export interface ConversationMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  /** All text of the message; empty if there is none. */
  readonly text: string
  /** The content parts of a user message that holds more than text (images, files). */
  readonly parts?: readonly object[]
  /** Of a user message: said again if it says the same as the one before, and no repeat of that. */
  readonly isAnew?: boolean
  /** Tool calls of an assistant message. */
  readonly calls?: readonly MessageCall[]
  /** Which call a tool message answers; empty if it does not say. */
  readonly callId?: string
  /**
   * The platform itself says that the caller spoke over this reply, whose `text` is what was heard of
   * it, and perhaps what the whole of it was.
   */
  readonly interrupted?: { readonly original: string | null }
  /** Set when the message's own bytes hold nothing but role and text and may go upstream as they are. */
  readonly encoded?: EncodedJson
}
