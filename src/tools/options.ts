import { z } from 'zod'
import { isSigningSecret } from './webhook/webhook-signature.ts'

/** A name or address as it stands in a URL, without scheme, port or path. */
const Host = z
  .string()
  .regex(
    /^([A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?)$/,
    'must be a host name or address, without a port',
  )

/** `webhooks` of the configuration. */
export const WebhookOptions = z
  .strictObject({
    /** Hosts that may be loopback or private and may be spoken to over plain http. */
    allow_hosts: z.array(Host).default([]),
    signing_secret: z
      .string()
      .min(1)
      .refine(
        isSigningSecret,
        'begins with whsec_, so the rest must be the base64 of 24 to 64 bytes',
      )
      .optional(),
  })
  .default({ allow_hosts: [] })
export type WebhookOptions = z.infer<typeof WebhookOptions>

/** `mcp` of the configuration: servers by name. */
export const McpServers = z.record(
  z.string().min(1),
  z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
    headers: z.record(z.string(), z.string()).optional(),
  }),
)
