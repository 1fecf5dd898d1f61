import type { Json } from '../rehearsal/json.ts'
import type { ToolRun } from './agent.ts'
import type { WebhookToolSettings } from './tool-settings.ts'
import { toWebhookRequest } from './webhook-request.ts'

const MAX_RESULT_LENGTH = 100_000

/** Runs a webhook tool; whatever goes wrong is a result too. */
export async function runWebhook(
  tool: WebhookToolSettings,
  args: Json,
  signal: AbortSignal,
): Promise<ToolRun> {
  const request = toWebhookRequest(tool, args)
  if (!request) return failedTool('The arguments do not fit into the URL.')
  try {
    const answer = await fetch(request.url, { ...request.init, signal, redirect: 'manual' })
    const text = await boundedText(answer)
    if (answer.ok) return { result: text, isError: false }
    return failedTool(`The webhook answered with status ${answer.status}.`, { body: text })
  } catch {
    return failedTool(
      signal.aborted ? 'The webhook did not answer in time.' : 'The webhook cannot be reached.',
    )
  }
}

export function failedTool(error: string, fields: Json = {}): ToolRun {
  return { result: JSON.stringify({ status: 'error', error, ...fields }), isError: true }
}

async function boundedText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  if (!body) return text
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    // fetch gives bytes
    text += decoder.decode(bytes, { stream: true })
    if (text.length > MAX_RESULT_LENGTH) return text.slice(0, MAX_RESULT_LENGTH)
  }
  return text + decoder.decode()
}
