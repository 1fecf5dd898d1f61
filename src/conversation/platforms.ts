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

/** Where a platform says which conversation a request is of, besides the configured places. */
export const PLATFORM_KEY_SOURCES: Readonly<Record<Platform, readonly string[]>> = {
  elevenlabs: [],
  vapi: [],
  hume: [],
  livekit: [],
  pipecat: [],
  deepgram: [],
  telnyx: [],
  agora: [],
  jaicp: [],
  other: [],
  retell: ['call.call_id'],
  speech_engine: ['call.conversation_id'],
  conversation_relay: ['call.id'],
}
