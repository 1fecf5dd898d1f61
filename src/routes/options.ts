import { z } from 'zod'

const AuthKey = z.strictObject({
  /** Part of the identity of every conversation that is begun with this key. */
  name: z.string().min(1),
  secret: z.string().min(8, 'must have at least 8 characters'),
})
export type AuthKey = z.infer<typeof AuthKey>

/** Who may call. No keys: the server is open, which config allows on a loopback host only. */
export const AuthOptions = z
  .strictObject({
    keys: z.array(AuthKey).default([]),
    /** Seals state tokens and makes effect keys; config draws a random one if it is absent. */
    signing_secret: z.string().min(16, 'must have at least 16 characters').optional(),
  })
  .default({ keys: [] })
export type AuthOptions = z.infer<typeof AuthOptions>
