import type { Json } from '../rehearsal/json.ts'
import type { WebhookToolSettings } from './tool-settings.ts'

interface WebhookRequest {
  readonly url: URL
  readonly init: { method: string; headers: Record<string, string>; body?: string }
}

/**
 * Arguments that the URL names go there, the rest into the query of a GET or DELETE and into the JSON
 * body of the others. Null: one of them would change where the request goes.
 */
export function toWebhookRequest(
  { url: template, method, headers }: WebhookToolSettings,
  args: Json,
): WebhookRequest | null {
  const inPath = new Set<string>()
  let fits = true
  const filled = template.replace(/\{([A-Za-z0-9_]+)\}/g, (_, name: string) => {
    inPath.add(name)
    const value = textOf(Object.hasOwn(args, name) ? args[name] : undefined)
    if (value === '' || value === '.' || value === '..') fits = false
    return encodeURIComponent(value)
  })
  if (!fits || !URL.canParse(filled)) return null
  const url = new URL(filled)
  const rest = Object.entries(args).filter(([name]) => !inPath.has(name))
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

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
