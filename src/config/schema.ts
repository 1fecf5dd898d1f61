import { z } from 'zod'
import { ConversationOptions } from '../conversation/options.ts'
import { AssentOptions } from '../effects/options.ts'
import { Flow } from '../flow/definition.ts'
import { Filler } from '../flow/filler.ts'
import { Tools } from '../flow/tool-definition.ts'
import { ConversationRelayOptions } from '../routes/conversation-relay/options.ts'
import { ElevenLabsOptions } from '../routes/elevenlabs/options.ts'
import { AuthOptions, PlatformChoice } from '../routes/options.ts'
import { RetellOptions } from '../routes/retell/options.ts'
import { StoreOptions } from '../store/options.ts'
import { McpServers, WebhookOptions } from '../tools/options.ts'
import { Fallback, LimitOptions, SpeechOptions } from '../turn/options.ts'
import type { ConfiguredUpstream } from '../upstream/create-upstreams.ts'
import { RoutingOptions, UpstreamOptions } from '../upstream/options.ts'

/** The whole configuration file, each room's options under their own key. */
export const ConfigFile = z.strictObject({
  version: z.literal(1),
  auth: AuthOptions,
  platform: PlatformChoice,
  upstreams: z
    .record(z.string().min(1), UpstreamOptions)
    .refine((upstreams) => Object.keys(upstreams).length > 0, 'needs at least one upstream'),
  routing: RoutingOptions.prefault({}),
  fallback: Fallback.optional(),
  filler: Filler.optional(),
  speech: SpeechOptions.prefault({}),
  limits: LimitOptions.prefault({}),
  conversation: ConversationOptions.prefault({}),
  assent: AssentOptions.default({}),
  retell: RetellOptions.prefault({}),
  conversation_relay: ConversationRelayOptions.prefault({}),
  store: StoreOptions.default({ type: 'memory' }),
  flow: Flow,
  tools: Tools.default({}),
  mcp: McpServers.default({}),
  webhooks: WebhookOptions,
  elevenlabs: ElevenLabsOptions.optional(),
})
export type ConfigFile = z.infer<typeof ConfigFile>

/** What a checked configuration file says, with everything that it names read in. */
export interface Config extends Omit<ConfigFile, 'upstreams'> {
  readonly upstreams: Readonly<Record<string, ConfiguredUpstream>>
}
