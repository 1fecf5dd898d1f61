import { randomBytes } from 'node:crypto'

export function newConversationId(): string {
  return `conv_emulated${randomBytes(12).toString('hex')}`
}
