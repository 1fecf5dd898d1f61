import { createHmac } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import type { EffectKey } from './ledger.ts'

/** The name of a wish: equal wishes have equal names, and nobody without the secret can tell them. */
export function effectIdOf(secret: string, key: EffectKey): string {
  const { conversation, exchange, tool, generation } = key
  const wish = [
    conversation,
    exchange,
    tool,
    canonicalJson(key.arguments),
    generation,
    key.isUndo === true,
  ]
  return createHmac('sha256', secret).update(JSON.stringify(wish)).digest('base64url')
}
