import type { FastifyReply } from 'fastify'
import type { TurnFacts } from '../turn/turn.ts'

const MAX_VALUE_LENGTH = 1024

/** The headers of a turn by name; browsers may read them too. */
export const TURN_HEADERS = {
  'x-turnstate-conversation': (facts) => facts.conversation ?? 'none',
  'x-turnstate-exchange': (facts) => String(facts.exchange),
  'x-turnstate-state': (facts) => facts.state,
  'x-turnstate-kind': (facts) => facts.kind,
  'x-turnstate-heard': (facts) => facts.heard,
  'x-turnstate-confidence': (facts) => facts.confidence,
} as const satisfies Readonly<Record<string, (facts: TurnFacts) => string>>

const NAMED_VALUES = Object.entries(TURN_HEADERS)

/** Set before the turn runs, so that an error answer carries them as well. */
export function setTurnHeaders(reply: FastifyReply, facts: TurnFacts): void {
  for (const [name, valueOf] of NAMED_VALUES) {
    reply.header(name, headerSafe(valueOf(facts)))
  }
}

/**
 * Keys come from outside: whatever is not visible ASCII, and the percent sign, is percent-encoded.
 * What is too long ends after a whole character.
 */
function headerSafe(value: string): string {
  if (/^[!-$&-~]*$/.test(value)) return value.slice(0, MAX_VALUE_LENGTH)
  let safe = ''
  for (const character of value) {
    const encoded = /^[!-$&-~]$/.test(character) ? character : percentEncoded(character)
    if (safe.length + encoded.length > MAX_VALUE_LENGTH) break
    safe += encoded
  }
  return safe
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}
