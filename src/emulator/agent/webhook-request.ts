import type { Json } from '../rehearsal/json.ts'
import type { WebhookToolSettings } from './tool-settings.ts'

const PLACEHOLDER = /\{([A-Za-z0-9_]+)\}/g

interface WebhookRequest {
  readonly url: URL
  readonly init: { method: string; headers: Record<string, string>; body?: string }
}

/**
 * Arguments that the URL names go there, the rest into the query of a GET or DELETE and into the JSON
 * body of the others. Null: one of them would change where the request goes.
 */
export function toWebhookRequest(
  { url: template, method, headers: own }: WebhookToolSettings,
  args: Json,
): WebhookRequest | null {
  const headers = lowerCased(own)
  const inUrl = new Set(Array.from(template.matchAll(PLACEHOLDER), ([, name = '']) => name))
  const valueOf = (name: string) => textOf(Object.hasOwn(args, name) ? args[name] : undefined)
  if ([...inUrl].some((name) => ['', '.', '..'].includes(valueOf(name)))) return null
  const filled = template.replace(PLACEHOLDER, (_, name: string) =>
    encodeURIComponent(valueOf(name)),
  )
  if (!URL.canParse(filled)) return null
  const url = new URL(filled)
  const rest = Object.entries(args).filter(([name]) => !inUrl.has(name))
  if (method === 'GET' || method === 'DELETE') {
    for (const [name, value] of rest) url.searchParams.append(name, textOf(value))
    return { url, init: { method, headers } }
  }
  const body = JSON.stringify(Object.fromEntries(rest))
  return {
    url,
    init: { method, headers: { 'content-type': 'application/json', ...headers }, body },
  }
}

/** Two spellings of one name would go out as one header with both values. */
function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
