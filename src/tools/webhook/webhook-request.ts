import { renderValue } from '../../flow/render-value.ts'
import { renderTemplate, type Lookup } from '../../flow/template.ts'
import type { WebhookTool } from '../../flow/tool-definition.ts'
import type { HttpCall } from './http-call.ts'
import { namesInUrl, renderUrl } from './url-template.ts'

type Arguments = Readonly<Record<string, unknown>>

/** The HTTP request that a call of the tool makes; null when its URL would lead elsewhere. */
export function toHttpCall(tool: WebhookTool, args: Arguments, lookup: Lookup): HttpCall | null {
  const url = renderUrl(tool.url, lookup)
  if (!url) return null
  for (const [name, value] of queryOf(tool, args, lookup)) url.searchParams.append(name, value)
  const headers: Record<string, string> = {
    accept: 'application/json, text/*;q=0.9, */*;q=0.1',
    'user-agent': 'turnstate',
    ...renderHeaders(tool.headers, lookup),
    'accept-encoding': 'identity',
  }
  const body = bodyOf(tool, args, lookup)
  if (body === undefined) return { url, method: tool.method, headers }
  const contentType = headers['content-type'] ?? 'application/json'
  // A configured text body of another type (a form, XML) is the author's own wording.
  const isText = typeof body === 'string' && !/json/i.test(contentType)
  return {
    url,
    method: tool.method,
    headers: { ...headers, 'content-type': contentType },
    body: isText ? body : JSON.stringify(body),
  }
}

function renderHeaders(
  headers: Readonly<Record<string, string>>,
  lookup: Lookup,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, template]) => [
      name.toLowerCase(),
      renderTemplate(template, lookup, toHeaderText),
    ]),
  )
}

/** Line breaks would begin another header, and undici refuses what is not Latin-1. */
function toHeaderText(text: string): string {
  return text.replace(/[^\t\x20-\x7e\xa0-\xff]+/g, ' ')
}

function queryOf(
  tool: WebhookTool,
  args: Arguments,
  lookup: Lookup,
): readonly (readonly [string, string])[] {
  if (tool.query) {
    const templates = Object.entries(tool.query)
    return templates.map(([name, template]) => [name, renderTemplate(template, lookup)])
  }
  if (tool.method !== 'GET' || tool.body !== undefined) return []
  const inUrl = namesInUrl(tool.url)
  return Object.entries(args).flatMap(([name, value]) =>
    inUrl.has(name) ? [] : queryTexts(value).map((text) => [name, text] as const),
  )
}

function queryTexts(value: unknown): readonly string[] {
  if (value === null || value === undefined) return []
  if (Array.isArray(value)) return value.flatMap(queryTexts)
  return [typeof value === 'string' ? value : JSON.stringify(value)]
}

function bodyOf(tool: WebhookTool, args: Arguments, lookup: Lookup): unknown {
  if (tool.body !== undefined) return renderValue(tool.body, lookup)
  return tool.method === 'GET' ? undefined : args
}
