/** Who asks: each names a conversation in ways of its own. `other`: whatever speaks plain OpenAI. */
export const PLATFORMS = [
  'elevenlabs',
  'vapi',
  'hume',
  'livekit',
  'pipecat',
  'deepgram',
  'telnyx',
  'agora',
  'jaicp',
  'other',
  'retell',
  'speech_engine',
  'conversation_relay',
] as const
export type Platform = (typeof PLATFORMS)[number]

/** Those that hold a connection for each call. */
export const CONNECTED: readonly Platform[] = ['retell', 'speech_engine', 'conversation_relay']

/** What somebody has set up on purpose says more than what a platform sends by itself. */
const EXPLICIT = 'header.x-conversation-id'

/** An id that the server made for this very request: the same one again would get another. */
export const MINTED_KEY_SOURCE = 'call.session_id'

/** Where a platform says which conversation a request is of, besides the configured places. */
export const PLATFORM_KEY_SOURCES: Readonly<Record<Platform, readonly string[]>> = {
  elevenlabs: [],
  // The metadata is the last resort: a browser can set it, and nobody but Vapi sets `call`.
  vapi: [
    EXPLICIT,
    'body.call.id',
    'body.call.callId',
    'body.metadata.call_id',
    'body.metadata.conversation_id',
    'body.call_id',
    'body.conversation_id',
  ],
  hume: [EXPLICIT, 'query.custom_session_id', MINTED_KEY_SOURCE],
  // A room can hold several agents; each has a job of its own.
  livekit: [EXPLICIT, 'header.x-livekit-job-id', 'header.x-livekit-room-id'],
  pipecat: [EXPLICIT, 'body.metadata.conversation_id', 'body.user'],
  deepgram: [EXPLICIT],
  telnyx: [
    EXPLICIT,
    'body.extra_metadata.call_control_id',
    'body.extra_metadata.call_session_id',
    'body.extra_metadata.conversation_id',
    'body.extra_metadata.telnyx_conversation_id',
  ],
  agora: [
    EXPLICIT,
    'body.conversation_id',
    'body.metadata.conversation_id',
    'body.params.conversation_id',
  ],
  jaicp: [EXPLICIT],
  other: [],
  retell: ['call.call_id'],
  speech_engine: ['call.conversation_id'],
  conversation_relay: ['call.id'],
}
