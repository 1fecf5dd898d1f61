import type { AnsweredCall } from '../../conversation/journal.ts'
import type { ModelToolCall } from '../../upstream/upstream.ts'

/** A call that was not carried out, and why, in words that the model can act on. */
export function refused(call: ModelToolCall, why: string): AnsweredCall {
  return toAnswered(call, errorResult(why))
}

/** A call with its result, as the model is shown both. */
export function toAnswered(
  { id, name, arguments: text }: ModelToolCall,
  result: string,
): AnsweredCall {
  // Model servers refuse a history whose arguments are no JSON.
  return { id, name, arguments: isJson(text) ? text : '{}', result }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export function errorResult(message: string): string {
  return JSON.stringify({ error: message })
}
