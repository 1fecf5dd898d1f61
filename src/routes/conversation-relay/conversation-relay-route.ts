import type { FrontEnd } from '../sockets/front-end.ts'
import type { ConversationRelayOptions } from './options.ts'

/** `WS /conversation-relay`: Twilio or Telnyx dials one connection per call. */
export function conversationRelayRoute(
  frontEnd: FrontEnd,
  options: ConversationRelayOptions,
): void {
  void frontEnd
  void options
}
