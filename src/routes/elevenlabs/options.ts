import { z } from 'zod'

/** For signed URLs and the Speech Engine: the platform's key never leaves the server. */
export const ElevenLabsOptions = z.strictObject({
  api_key: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/, 'must not be empty, and hold no spaces, line breaks or other letters'),
  /** Signed URLs are given out for these agents and no others: none if the list is empty. */
  agents: z.array(z.string().min(1)).default([]),
  /** For each key of this server, and each of its processes. */
  signed_urls_per_minute: z.int().min(1).max(10_000).default(30),
  base_url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .regex(/^[^?#@]*$/, 'must hold no credentials, query or fragment')
    .default('https://api.elevenlabs.io'),
})
export type ElevenLabsOptions = z.infer<typeof ElevenLabsOptions>
