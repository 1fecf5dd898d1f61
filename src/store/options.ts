import { z } from 'zod'

export const StoreOptions = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('memory') }),
  z.strictObject({ type: z.literal('none') }),
  z.strictObject({
    type: z.literal('redis'),
    url: z
      .string()
      .refine(
        isRedisUrl,
        'must be a redis:// or rediss:// URL: redis://[user:password@]host[:port][/database], with special characters of the password percent-encoded',
      ),
    /** Begins every key, so that several services can share one Redis. */
    prefix: z
      .string()
      .regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters without spaces')
      .default('turnstate:'),
  }),
])
export type StoreOptions = z.infer<typeof StoreOptions>

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (
    (url.protocol === 'redis:' || url.protocol === 'rediss:') &&
    url.hostname !== '' &&
    /^\/?\d*$/.test(url.pathname) &&
    url.search === '' &&
    url.hash === '' &&
    isDecodable(url.username) &&
    isDecodable(url.password)
  )
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
