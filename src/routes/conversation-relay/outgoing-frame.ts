import { z } from 'zod'

const Language = z.string().min(2)

/** All that the platform takes; what does not fit it would not act on (its error 64107). */
export const OutgoingFrame = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), token: z.string(), last: z.boolean() }),
  z.strictObject({ type: z.literal('end'), handoffData: z.string().optional() }),
  z.strictObject({
    type: z.literal('sendDigits'),
    digits: z.string().regex(/^[0-9*#wW]+$/),
  }),
  z.strictObject({
    type: z.literal('play'),
    source: z.url({ protocol: /^https?$/ }),
    loop: z.int().min(0).optional(),
    interruptible: z.boolean().optional(),
    preemptible: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('language'),
    ttsLanguage: Language,
    transcriptionLanguage: Language,
  }),
])
export type OutgoingFrame = z.infer<typeof OutgoingFrame>
