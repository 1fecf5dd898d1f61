import { z } from 'zod'

/** For signed URLs and the Speech Engine: the platform's key never leaves the server. */
export const ElevenLabsOptions = z.strictObject({
  api_key: z.string().min(1),
  agents: z.array(z.string().min(1)).default([]),
  base_url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .default('https://api.elevenlabs.io'),
})
export type ElevenLabsOptions = z.infer<typeof ElevenLabsOptions>
