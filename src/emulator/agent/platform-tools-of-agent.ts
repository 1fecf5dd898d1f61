import { isRecord, parseJson, type Json } from '../rehearsal/json.ts'
import type { AgentFile } from './agent-file.ts'
import type { PlatformTools } from './agent.ts'
import { failedRun, runSystemTool } from './run-system-tool.ts'
import { failedTool, runWebhook } from './run-webhook.ts'

/** The tools of a file that the platform itself runs; the arguments were held against the tool's schema before. */
export function createPlatformTools(
  file: AgentFile,
  /** Instead of the file's limit, for tests. */
  timing: { readonly webhookMs?: number } = {},
): PlatformTools {
  return {
    async runWebhook(name, argumentsText, signal) {
      const settings = file.webhook_tools.find((each) => each.name === name)
      if (!settings) return failedTool(UNKNOWN)
      const limitMs = timing.webhookMs ?? settings.response_timeout_secs * 1000
      const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
      return runWebhook(settings, toArguments(argumentsText), limited)
    },
    runSystem(name, argumentsText) {
      const settings = file.system_tools.find((each) => each.name === name)
      if (!settings) return failedRun(UNKNOWN)
      return runSystemTool(settings, file.agent_id, toArguments(argumentsText))
    },
  }
}

const UNKNOWN = 'The agent has no such tool.'

function toArguments(text: string): Json {
  const value = parseJson(text)
  return isRecord(value) ? value : {}
}
