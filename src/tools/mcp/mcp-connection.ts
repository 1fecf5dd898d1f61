import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Dispatcher } from 'undici'
import { callMcpTool, type McpAnswer, type McpCall } from './mcp-call.ts'
import { createMcpFetch, type McpFetch } from './mcp-fetch.ts'
import { createToolLists, type ListGap, type ToolList } from './mcp-lists.ts'

/** Streams that broken-off calls may leave behind. */
const MAX_STREAMS = 8
const MIN_REOPEN_MS = 1000
const LISTEN_LIMIT_MS = 5000
const GOODBYE_LIMIT_MS = 500

/** One session with a server; it does not mend itself. */
export interface McpConnection {
  call(call: McpCall): Promise<McpAnswer>
  /** Closes it once the calls that it carries are over. */
  retire(): void
  /** Breaks off its calls, and takes leave of the server if that is quick. */
  close(): Promise<void>
}

export interface McpConnectionOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Dispatcher
  readonly listGap: ListGap
  /** For connecting and the first list. */
  readonly signal: AbortSignal
  readonly onTools: (list: ToolList) => void
  /** Another one is needed: this one may still carry calls, but learns of no change any more. */
  readonly onStale: () => void
}

/** Connects and lists the tools, or rejects. */
export async function connectMcp(options: McpConnectionOptions): Promise<McpConnection> {
  const { url, signal, onTools, onStale } = options
  const http = createMcpFetch(options)
  // No capabilities: what a server asks of its client (sampling, elicitation, roots) is refused.
  const client = new Client(
    { name: 'turnstate', version: '1' },
    { versionNegotiation: { mode: 'auto' }, inputRequired: { autoFulfill: false } },
  )
  const lists = createToolLists(client, { onTools, onFailure: onStale }, options.listGap)
  const transport = new StreamableHTTPClientTransport(url, {
    fetch: http.fetch,
    requestInit: { redirect: 'manual' },
    reconnectionScheduler: reopenOnce({ http, onStale, onReopen: lists.changed }),
  })
  client.setNotificationHandler('notifications/tools/list_changed', lists.changed)
  const stop = async (): Promise<void> => {
    lists.stop()
    await client.close()
    await transport.close()
  }
  const cut = (): void => void stop().catch(() => undefined)
  signal.addEventListener('abort', cut, { once: true })
  try {
    signal.throwIfAborted()
    await client.connect(transport, { signal })
    await lists.load(signal)
  } catch (error) {
    await stop()
    throw error
  } finally {
    signal.removeEventListener('abort', cut)
  }
  listenForChanges(client, onStale)
  const takeLeave = () => transport.terminateSession()
  return toConnection({ call: (call) => callMcpTool({ client, http }, call), takeLeave, stop })
}

/**
 * The client opens a stream of news again when it broke. Where that fails too, the server is gone or
 * has forgotten the session.
 */
function reopenOnce(dependencies: {
  readonly http: McpFetch
  readonly onStale: () => void
  readonly onReopen: () => void
}): (reopen: () => void, delayMs: number, attempt: number) => (() => void) | undefined {
  return (reopen, delayMs, attempt) => {
    if (attempt > 0 || dependencies.http.openStreams() > MAX_STREAMS) {
      dependencies.onStale()
      return undefined
    }
    const open = (): void => {
      reopen()
      // What changed in between was told to nobody.
      dependencies.onReopen()
    }
    const timer = setTimeout(open, Math.max(delayMs, MIN_REOPEN_MS)).unref()
    return () => clearTimeout(timer)
  }
}

/** Since the 2026 protocol news has to be asked for. */
function listenForChanges(client: Client, onStale: () => void): void {
  const tellsChanges = client.getServerCapabilities()?.tools?.listChanged === true
  if (client.getProtocolEra() !== 'modern' || !tellsChanges) return
  client.listen({ toolsListChanged: true }, { timeout: LISTEN_LIMIT_MS }).then(
    ({ closed }) => closed.then((by) => by !== 'local' && onStale()),
    // Then there is no news, as with servers that never send any.
    () => undefined,
  )
}

function toConnection(parts: {
  readonly call: McpConnection['call']
  readonly takeLeave: () => Promise<void>
  readonly stop: () => Promise<void>
}): McpConnection {
  const running = new Set<Promise<McpAnswer>>()
  let isClosed = false
  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    const limit = setTimeout(() => void parts.stop().catch(() => undefined), GOODBYE_LIMIT_MS)
    await parts.takeLeave().catch(() => undefined)
    clearTimeout(limit)
    await parts.stop()
  }
  return {
    async call(call) {
      const answer = parts.call(call)
      running.add(answer)
      return answer.finally(() => running.delete(answer))
    },
    retire: () =>
      void Promise.allSettled(running)
        .then(close)
        .catch(() => undefined),
    close,
  }
}
