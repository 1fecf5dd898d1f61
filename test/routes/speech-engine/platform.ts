import { createHash, createHmac } from 'node:crypto'
import { expect, onTestFinished } from 'vitest'
import { ElevenLabsOptions } from '../../../src/routes/elevenlabs/options.ts'
import { dialLine, type Frame, type VoiceLine } from '../../support/voice-line.ts'

export const API_KEY = 'sk_key-of-the-workspace'
export const AUTHORIZATION = 'X-Elevenlabs-Speech-Engine-Authorization'
/** For the app: its routes with this key. */
export const elevenlabs = ElevenLabsOptions.parse({ api_key: API_KEY })

interface TokenParts {
  readonly apiKey?: string
  readonly header?: object
  readonly claims?: object
}

/** As the platform makes it, now; an undefined claim is left out. */
export function makeToken({ apiKey = API_KEY, header, claims }: TokenParts = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const parts = [
    { alg: 'HS256', typ: 'JWT', ...header },
    {
      iss: 'https://api.elevenlabs.io/convai/speech-engine',
      sub: 'convai_speech_engine_upstream',
      iat: now,
      exp: now + 300,
      ...claims,
    },
  ]
  const text = parts
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const key = createHash('sha256').update(apiKey).digest()
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

export interface Engine extends VoiceLine {
  /** Sends a transcript, caller first: texts of user and agent in turns. */
  readonly say: (eventId: number, ...texts: readonly string[]) => void
  /** All frames of the answer to this transcript, once it has ended; `end`: which one, from 1. */
  readonly answered: (eventId: number, end?: number) => Promise<readonly Frame[]>
}

interface DialOptions {
  readonly path?: string
  /** Null: no `init` is sent. */
  readonly conversation?: string | null
}

/** The platform's side: dials with a token, begins the conversation and holds every frame against the protocol. */
export async function dialEngine(url: string, options: DialOptions = {}): Promise<Engine> {
  const { path = '/speech-engine', conversation = 'conv_1' } = options
  const line = await dialLine(url + path, { headers: { [AUTHORIZATION]: makeToken() } })
  onTestFinished(() => {
    expect(line.frames.filter((frame) => !isOfTheProtocol(frame))).toEqual([])
  })
  if (conversation !== null) line.send({ type: 'init', conversation_id: conversation })
  const ends = (eventId: number) =>
    line.frames.filter((frame) => frame['event_id'] === eventId && frame['is_final'] === true)
  return {
    ...line,
    say: (eventId, ...texts) => line.send(transcript(eventId, ...texts)),
    async answered(eventId, end = 1) {
      await line.next(() => ends(eventId).length >= end)
      return line.frames.filter((frame) => frame['event_id'] === eventId)
    },
  }
}

export function transcript(eventId: number, ...texts: readonly string[]): object {
  const said = texts.map((content, index) => ({
    role: index % 2 === 0 ? 'user' : 'agent',
    content,
  }))
  return { type: 'user_transcript', user_transcript: said, event_id: eventId }
}

export function textOf(frames: readonly Frame[]): string {
  return frames.map((frame) => String(frame['content'])).join('')
}

/** The two frames that the platform knows, with all of their fields and no others. */
function isOfTheProtocol(frame: Frame): boolean {
  const { type, content, event_id: eventId, is_final: isFinal, ...others } = frame
  if (Object.keys(others).length > 0) return false
  if (type === 'pong') return Object.keys(frame).length === 1
  return (
    type === 'agent_response' &&
    typeof content === 'string' &&
    Number.isInteger(eventId) &&
    typeof isFinal === 'boolean' &&
    (content === '') === isFinal
  )
}
