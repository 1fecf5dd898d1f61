export interface CanonicalUrl {
  /** Path and query of the route that is meant. */
  readonly url: string
  /** What stood behind `/k/`, percent-decoded; it must reach neither a route nor a log. */
  readonly secret?: string
}

const CHAT_COMPLETIONS = '/v1/chat/completions'
const ORIGIN = /^https?:\/\/[^/?#]*/i

/**
 * Platforms disagree on what they append to a base URL, and people on what they paste into the
 * field: every form of it leads to one route, with any tenant prefix and below `/k/<secret>/`.
 */
export function canonicalUrl(method: string, url: string): CanonicalUrl {
  // Usually it is right as it stands.
  if (url === CHAT_COMPLETIONS) return { url }
  const target = url.replace(ORIGIN, '')
  const pathEnd = target.search(/[?#]/)
  const path = pathEnd === -1 ? target : target.slice(0, pathEnd)
  const query = pathEnd === -1 ? '' : target.slice(pathEnd)
  const segments = path.split('/').filter((segment) => segment !== '')
  const [first, secret, ...below] = segments
  if (first !== 'k' || secret === undefined) return { url: canonicalPath(method, segments) + query }
  return { url: canonicalPath(method, below) + query, secret: decoded(secret) }
}

/** Where platforms connect; the last segment of Retell's is the id of its call. */
const SOCKET_PATHS = ['speech-engine', 'conversation-relay'] as const
export const RETELL_PATH = 'llm-websocket'

/** Whether a canonical path is one of those. */
export function isSocketUrl(url: string): boolean {
  const [path = ''] = url.split(/[?#]/)
  return path.startsWith(`/${RETELL_PATH}/`) || SOCKET_PATHS.some((socket) => path === `/${socket}`)
}

function canonicalPath(method: string, segments: readonly string[]): string {
  const last = segments.at(-1)
  if (method === 'GET') {
    if (segments.at(-2) === RETELL_PATH) return `/${RETELL_PATH}/${last ?? ''}`
    const socket = SOCKET_PATHS.find((path) => path === last)
    if (socket) return `/${socket}`
  }
  if (last === 'completions' && segments.at(-2) === 'chat') return CHAT_COMPLETIONS
  if (last === 'responses') return '/v1/responses'
  if (last === 'models') return '/v1/models'
  // A base URL that nothing was appended to.
  const isBase = last === undefined || last === 'v1'
  if (isBase && (method === 'POST' || method === 'HEAD')) return CHAT_COMPLETIONS
  return `/${segments.join('/')}`
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
