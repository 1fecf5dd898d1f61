import { MAX_TIMEOUT_MS, type ToolDefinition } from '../flow/tool-definition.ts'

/** From a tool's own limit until what came of it is noted, at whatever instance. */
const NOTE_MS = 1000

/** How long whoever comes second waits for what another one has begun. */
export function outcomeWaitMs(tool: ToolDefinition | undefined): number {
  return (tool && 'timeout_ms' in tool ? tool.timeout_ms : 0) + NOTE_MS
}

/** The same for any tool. */
export const MAX_OUTCOME_WAIT_MS = MAX_TIMEOUT_MS + NOTE_MS
