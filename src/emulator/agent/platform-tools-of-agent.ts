import { isRecord, parseJson, type Json } from '../rehearsal/json.ts'
import { missingArguments } from '../rehearsal/platform-tools.ts'
import type { AgentFile } from './agent-file.ts'
import { toolsOf } from './agent-file.ts'
import type { AgentTool, PlatformTools } from './agent.ts'
import { failedRun, runSystemTool } from './run-system-tool.ts'
import { failedTool, runWebhook } from './run-webhook.ts'

/** The tools of a file that the platform itself runs. */
export function createPlatformTools(
  file: AgentFile,
  /** Shorter than the file's limit, for tests. */
  timing: { readonly webhookMs?: number } = {},
): PlatformTools {
  const tools = new Map(toolsOf(file).map((tool) => [tool.name, tool]))
  return {
    async runWebhook(name, argumentsText, signal) {
      const settings = file.webhook_tools.find((each) => each.name === name)
      const call = readCall(tools.get(name), argumentsText)
      if (!settings || !call.ok) return failedTool(call.ok ? UNKNOWN : call.error)
      const limitMs = timing.webhookMs ?? settings.response_timeout_secs * 1000
      const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
      return runWebhook(settings, call.args, limited)
    },
    runSystem(name, argumentsText) {
      const settings = file.system_tools.find((each) => each.name === name)
      const call = readCall(tools.get(name), argumentsText)
      if (!settings || !call.ok) return failedRun(call.ok ? UNKNOWN : call.error)
      return runSystemTool(settings, file.agent_id, call.args)
    },
  }
}

const UNKNOWN = 'The agent has no such tool.'

type ReadCall =
  { readonly ok: true; readonly args: Json } | { readonly ok: false; readonly error: string }

/** A call that lacks a required argument is rejected, and the model asked again. */
function readCall(tool: AgentTool | undefined, argumentsText: string): ReadCall {
  if (!tool) return { ok: false, error: UNKNOWN }
  const missing = missingArguments(tool.offered, argumentsText)
  if (missing.length > 0) return { ok: false, error: `The call lacks ${missing.join(', ')}.` }
  const args = parseJson(argumentsText)
  return { ok: true, args: isRecord(args) ? args : {} }
}
