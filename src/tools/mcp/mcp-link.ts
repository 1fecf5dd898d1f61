import type { Log } from '../../observability/log.ts'
import type { McpConnection, McpConnectionOptions } from './mcp-connection.ts'
import { createLimit } from './mcp-limit.ts'
import { createMcpReport } from './mcp-report.ts'

/** How long a try to connect may take, and how long to wait after those that failed. */
export interface McpTiming {
  readonly tryMs: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** After a connection that lasted so long, the next try waits for nothing. */
  readonly steadyMs: number
}

/** A server that is connected to again and again. */
export interface McpLink {
  /** Null while the server cannot be reached. */
  connection(): McpConnection | null
  /** The connection is of no use any more. */
  lost(connection: McpConnection): void
  /** Another one than `lost`, at once, for a call that waits; null if there is none in time. */
  renewed(lost: McpConnection, signal: AbortSignal): Promise<McpConnection | null>
  close(): Promise<void>
}

interface Dependencies {
  readonly server: string
  readonly timing: McpTiming
  readonly log: Log
  readonly connect: (
    events: Pick<McpConnectionOptions, 'signal' | 'onTools' | 'onStale'>,
  ) => Promise<McpConnection>
  readonly onTools: McpConnectionOptions['onTools']
}

/** Begins to connect at once, and tries until it is closed. */
export function createMcpLink(dependencies: Dependencies): McpLink {
  const { timing } = dependencies
  const report = createMcpReport(dependencies.server, dependencies.log)
  const closing = new AbortController()
  let current: McpConnection | null = null
  let connectedAt = 0
  let failures = 0
  let trying: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const attempt = async (): Promise<void> => {
    const isCurrent = (connection: McpConnection): boolean => connection === current
    const next = await tryOnce(dependencies, closing.signal, { isCurrent, lost })
    current?.retire()
    current = 'error' in next ? null : next
    if (!('error' in next)) {
      connectedAt = performance.now()
      report.reached()
      return
    }
    failures += 1
    if (!closing.signal.aborted) report.failed(next.error)
  }
  const tryNow = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    trying ??= attempt().then(() => {
      trying = undefined
      if (!current) plan()
    })
    return trying
  }
  const plan = (): void => {
    if (closing.signal.aborted) return
    timer = setTimeout(() => void tryNow(), pauseAfter(failures, timing)).unref()
  }
  const lost = (connection: McpConnection): void => {
    if (connection !== current || timer || trying) return
    failures = performance.now() - connectedAt < timing.steadyMs ? failures + 1 : 0
    plan()
  }

  void tryNow()
  return {
    connection: () => current,
    lost,
    async renewed(connection, signal) {
      if (connection === current) await doneOrAborted(tryNow(), signal)
      return connection === current || signal.aborted ? null : current
    },
    async close() {
      closing.abort()
      clearTimeout(timer)
      await trying
      await current?.close()
      current = null
    },
  }
}

/** One try, within its time. Never rejects. */
async function tryOnce(
  { timing, connect, onTools }: Dependencies,
  closing: AbortSignal,
  link: {
    readonly isCurrent: (connection: McpConnection) => boolean
    readonly lost: (connection: McpConnection) => void
  },
): Promise<McpConnection | { readonly error: unknown }> {
  const limit = createLimit(timing.tryMs, closing)
  let connection: McpConnection | undefined
  try {
    connection = await connect({
      signal: limit.signal,
      onTools(list) {
        // One that was replaced knows nothing new.
        if (!connection || link.isCurrent(connection)) onTools(list)
      },
      onStale() {
        if (connection) link.lost(connection)
      },
    })
    return connection
  } catch (error) {
    return { error: limit.signal.aborted ? limit.signal.reason : error }
  } finally {
    limit.clear()
  }
}

function pauseAfter(failures: number, { firstPauseMs, longestPauseMs }: McpTiming): number {
  return failures === 0 ? 0 : Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs)
}

/** Resolves when the work is done or nobody waits for it; the work goes on. */
function doneOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
    work.then(done, done)
  })
}
