import type { FastifyRequest } from 'fastify'
import { TurnstateError } from '../../errors.ts'
import type { FrontEnd } from '../sockets/front-end.ts'
import { createUnknownTypes } from '../sockets/unknown-types.ts'
import { createConversation } from './conversation.ts'
import { SPEECH_ENGINE_CALLER } from './to-turn-request.ts'
import { faultOfToken, toTokenKey } from './verify-token.ts'

const HEADER = 'x-elevenlabs-speech-engine-authorization'

/** `WS /speech-engine`: ElevenLabs dials one connection per conversation. Without a key of theirs nobody gets in. */
export function speechEngineRoute(frontEnd: FrontEnd, apiKey: string | undefined): void {
  const noteUnknown = createUnknownTypes(frontEnd.log, 'speech_engine')
  frontEnd.sockets.serve({
    path: '/speech-engine',
    platform: 'speech_engine',
    authenticate: createTokenCheck(apiKey),
    accept: (socket) => createConversation(frontEnd, socket, noteUnknown),
  })
}

/** The token is the authentication: a key of this server in the URL is neither needed nor looked at. */
function createTokenCheck(apiKey: string | undefined): (request: FastifyRequest) => string {
  if (apiKey === undefined || apiKey.trim() === '') {
    return () => {
      const message = 'The Speech Engine is not set up on this server: set elevenlabs.api_key'
      throw new TurnstateError('unauthorized', message)
    }
  }
  const key = toTokenKey(apiKey)
  return ({ headers }) => {
    const token = headers[HEADER]
    if (typeof token !== 'string') throw refusal('missing')
    const fault = faultOfToken(token, key, Date.now() / 1000)
    if (fault) throw refusal(fault)
    return SPEECH_ENGINE_CALLER
  }
}

const REASONS = {
  missing: 'is missing: only ElevenLabs connects here',
  form: 'is no token',
  alg: 'is signed in another way than HS256',
  signature: 'is not signed with the configured API key: is it of the workspace of the engine?',
  iss: 'was made by somebody else',
  sub: 'was made for something else',
  exp: 'has expired, or does not say when it does: is the clock of this server right?',
  iat: 'is of the future, or does not say when it was made: is the clock of this server right?',
} as const

/** `param` names what is wrong in the one log line that there is. */
function refusal(fault: keyof typeof REASONS): TurnstateError {
  const param = fault === 'missing' || fault === 'form' ? HEADER : `${HEADER}.${fault}`
  return new TurnstateError('unauthorized', `The header ${HEADER} ${REASONS[fault]}`, { param })
}
