import { z } from 'zod'

/** How calls of Retell are answered. */
export const RetellOptions = z.strictObject({
  /** Who speaks first: the agent with what the flow's starting state says, or the caller. */
  first_speaker: z.enum(['agent', 'caller']).default('agent'),
})
export type RetellOptions = z.infer<typeof RetellOptions>
