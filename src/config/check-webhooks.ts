import type { z } from 'zod'
import type { Tools } from '../flow/tool-definition.ts'
import { createAddressGuard, type AddressGuard } from '../tools/webhook/address-guard.ts'
import { CALL_HEADERS } from '../tools/webhook/webhook-signature.ts'
import { HeaderName, HeaderValue } from '../upstream/options.ts'
import type { Found, Path } from './problem.ts'

/** Webhooks that could never be called: the guard of the running server decides here too. */
export function checkWebhooks(tools: Tools, allowHosts: readonly string[]): readonly Found[] {
  const guard = createAddressGuard(allowHosts)
  return Object.entries(tools).flatMap(([name, tool]) => {
    if (tool.type !== 'webhook') return []
    const path = ['tools', name]
    const message = urlProblem(tool.url, guard)
    const ofUrl = message === undefined ? [] : [{ path: [...path, 'url'], message }]
    return [...ofUrl, ...headerProblems(tool.headers, [...path, 'headers'])]
  })
}

/** Headers that could never be sent, or that the server sets itself. */
export function headerProblems(
  headers: Readonly<Record<string, string>>,
  path: Path,
): readonly Found[] {
  return Object.entries(headers).flatMap(([name, template]) => {
    const key = HeaderName.safeParse(name)
    const value = HeaderValue.safeParse(withoutPlaceholders(template))
    const taken = takenHeader(name)
    return [
      ...(taken === undefined ? [] : [{ path: [...path, name], message: taken, atKey: true }]),
      ...messagesOf(key).map((message) => ({ path: [...path, name], message, atKey: true })),
      ...messagesOf(value).map((message) => ({ path: [...path, name], message })),
    ]
  })
}

/** Why a tool cannot set a header itself. */
function takenHeader(name: string): string | undefined {
  const header = name.toLowerCase()
  if (CALL_HEADERS.has(header)) {
    return 'is set by the server, which names each call by its own key and signs it with webhooks.signing_secret; remove it'
  }
  if (header !== 'accept-encoding') return undefined
  return 'is set by the server, which reads plain answers only; remove it'
}

function messagesOf({ error }: z.ZodSafeParseResult<string>): readonly string[] {
  return error?.issues.map((issue) => issue.message) ?? []
}

/** What is put in is made fit for its place when the tool runs. */
function withoutPlaceholders(template: string): string {
  return template.replace(/\{\{[^{}]*\}\}/g, 'x')
}

function urlProblem(template: string, guard: AddressGuard): string | undefined {
  const origin = /^[^/?#\\]*(\/\/[^/?#\\]*)?/.exec(template)?.[0] ?? ''
  if (origin.includes('{{')) return 'may hold {{...}} in path and query only, not in scheme or host'
  const text = withoutPlaceholders(template)
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    return 'must be a whole URL, such as https://api.example/bookings'
  }
  const url = new URL(text)
  if (url.username || url.password) return 'must not hold credentials; put them in headers'
  if (guard.permits(url)) return undefined
  const host = JSON.stringify(url.hostname)
  return url.protocol === 'http:'
    ? `must be https, unless webhooks.allow_hosts lists ${host}`
    : `leads to a private address; webhooks.allow_hosts must list ${host} to allow it`
}
