import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { AuthKey } from './options.ts'

/** The name of the key that a request carries; throws `unauthorized`. */
export type Authenticate = (request: FastifyRequest) => string

interface Dependencies {
  /** None: everybody may call, under the empty name. */
  readonly keys: readonly AuthKey[]
  /** What the URL of the request carries as a key. */
  readonly urlSecretsOf: (request: FastifyRequest) => readonly string[]
  readonly log: Log
}

const REFUSAL =
  'Missing or wrong API key. Send it as "Authorization: Bearer <key>", as "x-api-key: <key>", or in the path: /k/<key>/v1/chat/completions'

const SCHEME = /^(?:bearer|api-key)\s+/i
const DOUBLED_BEARER = /^bearer\s+bearer\s/i

/**
 * For what nobody may reach without a key, also where the server is open otherwise: any page in a
 * browser may ask a server on its machine.
 */
export function refuseOpenServer(caller: string): void {
  if (caller !== '') return
  const message = 'This takes a key, and the server has none: set auth.keys'
  throw new TurnstateError('unauthorized', message)
}

export function createAuthenticate({ keys, urlSecretsOf, log }: Dependencies): Authenticate {
  const known = keys.map(({ name, secret }) => ({ name, digest: digestOf(Buffer.from(secret)) }))
  let hinted = false

  // Digests have one length and every key is compared, so the time taken tells nothing about a secret.
  function nameOf(credential: Buffer): string | undefined {
    const digest = digestOf(credential)
    let name: string | undefined
    for (const key of known) if (timingSafeEqual(digest, key.digest)) name ??= key.name
    return name
  }

  return (request) => {
    if (known.length === 0) return ''
    const { authorization } = request.headers
    const names = [
      ...tokensIn(authorization),
      ...tokensIn(request.headers['x-api-key']),
      ...urlSecretsOf(request).map((secret) => Buffer.from(secret)),
    ].map(nameOf)
    const name = names.find((found) => found !== undefined)
    if (name === undefined) throw new TurnstateError('unauthorized', REFUSAL)
    if (!hinted && authorization !== undefined && DOUBLED_BEARER.test(authorization)) {
      hinted = true
      log.warn(
        { key: name },
        'the platform sends "Bearer Bearer": save the secret without "Bearer "',
      )
    }
    return name
  }
}

/** The token behind its schemes, and the bare value. */
function tokensIn(header: string | readonly string[] | undefined): readonly Buffer[] {
  const values = typeof header === 'string' ? [header] : (header ?? [])
  return values.flatMap((value) => {
    const bare = value.trim()
    let token = bare
    while (SCHEME.test(token)) token = token.replace(SCHEME, '')
    // Node reads header bytes as Latin-1: this gives the bytes that were sent.
    return token === bare
      ? [Buffer.from(bare, 'latin1')]
      : [token, bare].map((text) => Buffer.from(text, 'latin1'))
  })
}

function digestOf(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest()
}
