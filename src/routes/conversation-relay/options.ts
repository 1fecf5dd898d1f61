import { z } from 'zod'

/** How calls of Twilio's and Telnyx's ConversationRelay are answered. */
export const ConversationRelayOptions = z.strictObject({
  /** Who speaks first: the agent with what the flow's starting state says, or the platform's welcome greeting and the caller. */
  first_speaker: z.enum(['agent', 'caller']).default('caller'),
})
export type ConversationRelayOptions = z.infer<typeof ConversationRelayOptions>
