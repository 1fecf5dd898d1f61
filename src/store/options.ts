import { z } from 'zod'

export const StoreOptions = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('memory') }),
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({ type: z.literal('redis'), url: z.string().min(1) }),
])
export type StoreOptions = z.infer<typeof StoreOptions>
