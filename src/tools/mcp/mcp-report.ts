import type { Log } from '../../observability/log.ts'

/** Logs whether a server can be reached: each time that changes, and for each new reason. */
export interface McpReport {
  reached(): void
  /** The error's message is never logged: it may quote what the server said. */
  failed(error: unknown): void
}

export function createMcpReport(server: string, log: Log): McpReport {
  let isReached = false
  const told = new Set<string>()
  return {
    reached() {
      if (isReached) return
      isReached = true
      told.clear()
      log.info({ server }, 'mcp server reached')
    },
    failed(error) {
      isReached = false
      const reason = reasonOf(error)
      const key = JSON.stringify(reason)
      if (told.has(key)) return
      told.add(key)
      const wantsHeaders = reason.httpStatus === 401 || reason.httpStatus === 403
      log.warn(
        { server, ...reason },
        wantsHeaders ? 'mcp server refuses access: set its headers' : 'mcp server unreachable',
      )
    },
  }
}

const MAX_CAUSES = 4
/** Of Node, undici and the MCP client; nothing that a server could have written. */
const CODE = /^[A-Z][A-Z0-9_]{2,40}$/

interface Reason {
  readonly httpStatus?: number
  readonly code?: string
}

/** The HTTP status if there is one, else the code furthest down. */
function reasonOf(error: unknown): Reason {
  let code: string | undefined
  let current = error
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth += 1) {
    if ('status' in current && typeof current.status === 'number') {
      return { httpStatus: current.status }
    }
    if (current.name === 'TimeoutError') code = 'TIMEOUT'
    if ('code' in current && typeof current.code === 'string' && CODE.test(current.code)) {
      code = current.code
    }
    current = current.cause
  }
  return code === undefined ? {} : { code }
}
