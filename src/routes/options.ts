import { z } from 'zod'
import type { HttpPlatform } from './openai/platforms/profile.ts'

/** Those that ask as OpenAI's clients do, each in a way of its own. */
const HTTP_PLATFORMS = {
  elevenlabs: 'elevenlabs',
  vapi: 'vapi',
  hume: 'hume',
  livekit: 'livekit',
  pipecat: 'pipecat',
  deepgram: 'deepgram',
  telnyx: 'telnyx',
  agora: 'agora',
  jaicp: 'jaicp',
  other: 'other',
} as const satisfies { readonly [Platform in HttpPlatform]: Platform }

/** Who asks; `auto`: what the request looks like. */
export const PlatformChoice = z.enum({ auto: 'auto', ...HTTP_PLATFORMS }).default('auto')
export type PlatformChoice = z.infer<typeof PlatformChoice>

/** Names of callers that prove who they are in another way than by a key: no key may take them. */
export const KEYLESS_CALLERS = {
  speechEngine: 'speech_engine',
  twilio: 'twilio-signature',
} as const
const RESERVED: readonly string[] = Object.values(KEYLESS_CALLERS)

const AuthKey = z.strictObject({
  /** Part of the identity of every conversation that is begun with this key. */
  name: z
    .string()
    .min(1)
    .refine(
      (name) => !RESERVED.includes(name),
      'is the name of a caller without a key; choose another',
    ),
  secret: z.string().min(8, 'must have at least 8 characters'),
  /** Who asks with this key. */
  platform: z.enum(HTTP_PLATFORMS).optional(),
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
