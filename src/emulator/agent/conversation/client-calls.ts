import type { ToolRun } from '../agent.ts'

/** The tool calls that the client still owes a result for. */
export interface ClientCalls {
  /** The client's result; an error once the limit is over or the signal aborted. */
  readonly wait: (id: string, limitMs: number, signal: AbortSignal) => Promise<ToolRun>
  /** False: nobody waits for this. */
  readonly take: (id: string, run: ToolRun) => boolean
}

export function createClientCalls(): ClientCalls {
  const waiting = new Map<string, (run: ToolRun) => void>()
  return {
    wait: (id, limitMs, signal) =>
      new Promise((resolve) => {
        const settle = (run: ToolRun) => {
          clearTimeout(limit)
          signal.removeEventListener('abort', leave)
          waiting.delete(id)
          resolve(run)
        }
        const leave = () => settle(INTERRUPTED)
        const limit = setTimeout(() => {
          const seconds = limitMs / 1000
          settle({ result: `Tool call timed out after ${seconds} seconds.`, isError: true })
        }, limitMs)
        waiting.set(id, settle)
        if (signal.aborted) leave()
        else signal.addEventListener('abort', leave, { once: true })
      }),
    take: (id, run) => {
      const settle = waiting.get(id)
      settle?.(run)
      return settle !== undefined
    },
  }
}

/** The user spoke before the result was there. */
export const INTERRUPTED: ToolRun = {
  result: 'Tool call was interrupted by the user.',
  isError: true,
}
