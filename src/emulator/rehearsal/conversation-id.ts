import { randomBytes } from 'node:crypto'

export function newConversationId(): string {
  return `conv_rehearsal${randomBytes(6).toString('hex')}`
}

/** The conversation that a system text names in the platform's usual way. */
export function conversationIn(systemText: string): string | null {
  return /CALL_ID=(conv_[A-Za-z0-9]+)/.exec(systemText)?.[1] ?? null
}
