import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { TurnstateError } from '../../errors.ts'
import type { Authenticate } from '../authenticate.ts'
import type { ConversationRelayOptions } from './options.ts'
import { KEYLESS_CALLERS } from '../options.ts'

/** Whose conversations they are that Twilio signed. */
const TWILIO_CALLER = KEYLESS_CALLERS.twilio

/**
 * Who connects: Twilio, by its signature, or whoever has a key. A signature that is wrong is refused
 * whatever else the request carries.
 */
export function relayAuthenticate(
  { twilio }: ConversationRelayOptions,
  authenticate: Authenticate,
): Authenticate {
  if (!twilio) return authenticate
  return (request) => {
    const signature = request.headers['x-twilio-signature']
    if (signature === undefined) {
      const name = authenticate(request)
      // An open server would let in whoever leaves the signature out.
      if (name === '') throw new TurnstateError('unauthorized', 'X-Twilio-Signature is missing.')
      return name
    }
    if (urlsOf(request, twilio.url).some((url) => isSigned(url, twilio.auth_token, signature))) {
      return TWILIO_CALLER
    }
    throw new TurnstateError('unauthorized', 'X-Twilio-Signature is wrong.')
  }
}

/** As it is configured, and with the query that this connection has. */
function urlsOf({ originalUrl }: FastifyRequest, url: string): readonly string[] {
  const queryAt = originalUrl.indexOf('?')
  return queryAt < 0 || url.includes('?') ? [url] : [url, url + originalUrl.slice(queryAt)]
}

function isSigned(url: string, token: string, signature: string | readonly string[]): boolean {
  if (typeof signature !== 'string') return false
  const right = createHmac('sha1', token).update(url).digest()
  const given = Buffer.from(signature, 'base64')
  return given.length === right.length && timingSafeEqual(given, right)
}
