import { onTestFinished } from 'vitest'
import { startMcpBench, type McpBench } from './mcp-bench.ts'
import {
  answering,
  startMcpServer,
  type Interception,
  type RunningMcpServer,
} from './mcp-server.ts'

/** A read, a write, and the same write where the server knows calls by their keys. */
export const CLINIC_TOOLS = {
  look: { timeout_ms: 400 },
  book: { timeout_ms: 400 },
  pay: { tool: 'book', idempotent: true, timeout_ms: 400 },
}

export async function startClinic(port = 0): Promise<RunningMcpServer> {
  const server = await startMcpServer(
    (each) => {
      const done = () => ({ content: [{ type: 'text' as const, text: 'done' }] })
      each.registerTool('look', { annotations: { readOnlyHint: true } }, done)
      each.registerTool('book', {}, done)
    },
    { port },
  )
  onTestFinished(() => server.close())
  return server
}

/** The clinic's server and tools that have reached it. */
export async function connectedClinic(
  tools: Readonly<Record<string, object>> = CLINIC_TOOLS,
): Promise<McpBench & { readonly server: RunningMcpServer }> {
  const server = await startClinic()
  const bench = startMcpBench(server.url, tools)
  await bench.reaches('ok')
  return { server, ...bench }
}

type Answer = (response: Parameters<Interception>[1], id: unknown) => void

export function onCall(answer: Answer): Interception {
  return answering('tools/call', (id, response) => answer(response, id))
}

/** Answers the first call by hand, and leaves the others to the server. */
export function onFirstCall(answer: Answer): Interception {
  let isFirst = true
  return (received, response) => {
    if (received.message?.method !== 'tools/call' || !isFirst) return false
    isFirst = false
    answer(response, received.message.id)
    return true
  }
}
