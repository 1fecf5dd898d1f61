import { isJsonObject, type JsonObject } from '../../json-object.ts'
import type { HttpPlatform, Profile, Sight } from './profile.ts'

/** Nothing in its requests says who asks: a key or the configuration has to. */
const unrecognisable = () => false

/**
 * One per platform, in the order in which a request is held against them: what only a server can set
 * (headers, the prompt) before the body, of which an ElevenLabs client may fill whatever it likes.
 */
export const PROFILES = {
  livekit: { detects: isLiveKit },
  elevenlabs: { detects: isElevenLabs },
  hume: { detects: isHume, takesSessionId: true },
  telnyx: { detects: ({ body }) => isJsonObject(body.extra_metadata) },
  vapi: { detects: isVapi },
  agora: { detects: isAgora, tellsInterruptions: true },
  pipecat: { detects: unrecognisable, streamsEveryTurn: true, readsMarks: true },
  deepgram: { detects: unrecognisable },
  jaicp: { detects: unrecognisable },
  other: { detects: () => true },
} as const satisfies Readonly<Record<HttpPlatform, Profile>>

/** The Python and the JavaScript framework. */
const LIVEKIT_AGENT = /^livekit[ -]agents/i
const LIVEKIT_HEADERS = ['x-livekit-job-id', 'x-livekit-room-id', 'x-livekit-worker-token'] as const

function isLiveKit({ headers }: Sight): boolean {
  return (
    LIVEKIT_AGENT.test(headers['user-agent'] ?? '') ||
    LIVEKIT_HEADERS.some((name) => headers[name] !== undefined)
  )
}

/** The first request of a chat has no id yet; then only its messages tell. */
function isHume({ query, lastMessage: { time, models } }: Sight): boolean {
  if (query.custom_session_id !== undefined) return true
  return (isJsonObject(models) && 'prosody' in models) || (isJsonObject(time) && 'begin' in time)
}

function isVapi({ headers, body }: Sight): boolean {
  return (
    headers['x-vapi-secret'] !== undefined ||
    isJsonObject(body.call) ||
    isJsonObject(body.phoneNumber)
  )
}

/** The result of a tool, which can stand last, has no turn. */
function isAgora({ secondMessage, lastMessage }: Sight): boolean {
  return hasTurn(lastMessage) || hasTurn(secondMessage)
}

function hasTurn({ turn_id: turn, metadata }: JsonObject): boolean {
  return turn !== undefined && isJsonObject(metadata)
}

const ELEVENLABS_ID = /\bconv_[a-z0-9]{16}/

/** Its prompt carries the conversation's id where somebody has written it there. */
function isElevenLabs({ body, firstMessage: { role, content } }: Sight): boolean {
  if (body.elevenlabs_extra_body !== undefined) return true
  if (role !== 'system' || typeof content !== 'string') return false
  // A prompt can be long, and the pattern takes ten times as long as the search for its beginning.
  return content.includes('CALL_ID=') || (content.includes('conv_') && ELEVENLABS_ID.test(content))
}
