import type { Tools } from '../flow/tool-definition.ts'
import { createAddressGuard, type AddressGuard } from '../tools/address-guard.ts'
import type { Path } from './problem.ts'

/** URLs of webhooks that would never be called: the guard of the running server decides here too. */
export function checkWebhooks(
  tools: Tools,
  allowHosts: readonly string[],
): readonly { readonly path: Path; readonly message: string }[] {
  const guard = createAddressGuard(allowHosts)
  return Object.entries(tools).flatMap(([name, tool]) => {
    const message = tool.type === 'webhook' ? urlProblem(tool.url, guard) : undefined
    return message === undefined ? [] : [{ path: ['tools', name, 'url'], message }]
  })
}

function urlProblem(template: string, guard: AddressGuard): string | undefined {
  const origin = /^[^/?#\\]*(\/\/[^/?#\\]*)?/.exec(template)?.[0] ?? ''
  if (origin.includes('{{')) return 'may hold {{...}} in path and query only, not in scheme or host'
  const text = template.replace(/\{\{[^{}]*\}\}/g, 'x')
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
