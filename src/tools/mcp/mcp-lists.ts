import type { Client } from '@modelcontextprotocol/client'
import { TurnstateError } from '../../errors.ts'
import { createLimit } from './mcp-limit.ts'
import { ToolPage, parseListedTool, type ListedTool } from './mcp-listed-tool.ts'

const MAX_PAGES = 64
/** Of all pages together. */
const LIST_LIMIT_MS = 5000
/** Without news for so long, a server that was restless is trusted twice as much again. */
const CALM_MS = 60_000

/** A server is not asked more often than that, however often it says that its list has changed. */
export interface ListGap {
  readonly shortestMs: number
  readonly longestMs: number
}

/** How long a server is left alone after its list was read: longer each time that it has news again. */
export function gapAfter(
  gapMs: number,
  sinceLastMs: number,
  { shortestMs, longestMs }: ListGap,
): number {
  const calmTimes = Math.floor(sinceLastMs / CALM_MS)
  const nextMs = calmTimes === 0 ? gapMs * 2 : gapMs / 2 ** calmTimes
  return Math.min(Math.max(nextMs, shortestMs), longestMs)
}

export type ToolList = ReadonlyMap<string, ListedTool>

export interface ToolLists {
  /** The first list; rejects when there is none. */
  load(signal: AbortSignal): Promise<void>
  /** Asks again, soon. */
  readonly changed: () => void
  stop(): void
}

/** Keeps the list of a server's tools up to date. */
export function createToolLists(
  client: Client,
  events: {
    readonly onTools: (list: ToolList) => void
    /** A later list could not be had. */
    readonly onFailure: () => void
  },
  gap: ListGap,
): ToolLists {
  const stopped = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> | undefined
  let lastAt = 0
  let gapMs = gap.shortestMs
  let isAwaited = false

  const ask = async (signal: AbortSignal): Promise<void> => {
    lastAt = performance.now()
    const list = await listTools(client, signal)
    if (!stopped.signal.aborted) events.onTools(list)
  }
  const askAgain = (): void => {
    timer = undefined
    gapMs = gapAfter(gapMs, performance.now() - lastAt, gap)
    last = last?.then(async () => {
      const limit = createLimit(LIST_LIMIT_MS, stopped.signal)
      const isFine = await ask(limit.signal).then(
        () => true,
        () => stopped.signal.aborted,
      )
      limit.clear()
      if (!isFine) events.onFailure()
    })
  }
  const changed = (): void => {
    isAwaited = !last
    if (!last || timer || stopped.signal.aborted) return
    timer = setTimeout(askAgain, Math.max(0, lastAt + gapMs - performance.now())).unref()
  }
  return {
    async load(signal) {
      await ask(signal)
      last = Promise.resolve()
      if (isAwaited) changed()
    },
    changed,
    stop() {
      stopped.abort()
      clearTimeout(timer)
    },
  }
}

/** Not by the client's own method, which drops the whole list for one broken tool. */
async function listTools(client: Client, signal: AbortSignal): Promise<ToolList> {
  const list = new Map<string, ListedTool>()
  if (!client.getServerCapabilities()?.tools) return list
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const request = { method: 'tools/list', params: cursor === undefined ? {} : { cursor } }
    const { tools, nextCursor } = await client.request(request, ToolPage, { signal })
    for (const tool of tools) {
      const listed = parseListedTool(tool)
      if (listed && !list.has(listed.name)) list.set(listed.name, listed)
    }
    if (nextCursor === undefined || nextCursor === cursor) return list
    cursor = nextCursor
  }
  throw new TurnstateError('internal', 'The list of tools does not end')
}
