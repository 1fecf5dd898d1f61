import type { ConversationMessage } from '../../src/conversation/message.ts'

/** A history in short: `user` and `assistant` texts in turn, with whatever else stands between. */
export const system = (text: string): ConversationMessage => ({ role: 'system', text })
export const user = (text: string): ConversationMessage => ({ role: 'user', text })
export const assistant = (
  text: string,
  calls?: ConversationMessage['calls'],
): ConversationMessage => ({ role: 'assistant', text, ...(calls && { calls }) })
export const toolResult = (callId: string, text: string): ConversationMessage => ({
  role: 'tool',
  callId,
  text,
})
