import { isRecord, textOf } from './json-value.ts'
import type { JsonRecord } from './json-value.ts'
import type { Completion, Usage } from './upstream.ts'

/*
 * Where each vendor puts what in a chunk or a whole completion. These readers make no copies: they
 * run for every chunk that `chunk-template.ts` does not know.
 */

/** What else than `error` says that something went wrong, where there are no choices. */
const ERROR_KEYS = ['detail', 'errors', 'message', 'error_message'] as const

export function holdsError(chunk: JsonRecord): boolean {
  if (isGiven(chunk.error) || chunk.object === 'error' || chunk.type === 'error') return true
  return chunk.choices === undefined && ERROR_KEYS.some((key) => isGiven(chunk[key]))
}

/** Some proxies send an empty error with every chunk. */
function isGiven(error: unknown): boolean {
  if (isRecord(error)) return Object.keys(error).length > 0
  return error !== undefined && error !== null && error !== false && error !== ''
}

/** We ask for one choice; its index may be missing, and the first choice need not have the index 0. */
export function choiceOf(chunk: JsonRecord, index: unknown): JsonRecord | undefined {
  const { choices } = chunk
  if (!Array.isArray(choices)) return undefined
  const first: unknown = choices[0]
  if (isRecord(first) && (choices.length === 1 || first.index === 0) && isOurs(first, index)) {
    return first
  }
  return choices.filter(isRecord).find((choice) => isOurs(choice, index ?? 0))
}

function isOurs(choice: JsonRecord, index: unknown): boolean {
  return index === undefined || choice.index === index || !isGiven(choice.index)
}

export function failsIn(choice: JsonRecord): boolean {
  return isGiven(choice.error) || FAILED.has(finishReasonOf(choice))
}

/** Answers that were broken off: by an error, DeepSeek's lack of resources, an abort in vLLM. */
const FAILED: ReadonlySet<string> = new Set(['error', 'insufficient_system_resource', 'abort'])

/** The vendor's own word, or the empty text. */
export function finishReasonOf({ finish_reason: reason }: JsonRecord): string {
  return typeof reason === 'string' && reason !== 'null' ? reason : ''
}

export function normalFinishReason(reason: string): Completion['finishReason'] {
  switch (reason.toLowerCase()) {
    case 'length':
    case 'max_tokens':
    case 'max_output_tokens':
    case 'model_length':
      return 'length'
    case 'content_filter':
    case 'safety':
    case 'refusal':
      return 'content_filter'
    default:
      return 'stop'
  }
}

/** Gemini's thoughts stand where others have the answer. */
export function isThought({ thought, extra_content: extra }: JsonRecord): boolean {
  if (thought === true) return true
  return isRecord(extra) && isRecord(extra.google) && extra.google.thought === true
}

/** Text, or the text parts of a list. Reasoning stands in other keys or part types and is left out. */
export function contentOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  let text = ''
  for (const part of content) text += typeof part === 'string' ? part : textOfPart(part)
  return text
}

function textOfPart(part: unknown): string {
  if (!isRecord(part) || isThought(part)) return ''
  return part.type === 'text' || part.type === undefined ? textOf(part.text) : ''
}

/** The calls of a message in today's form, or the one call of the form before. */
export function callsOf(message: JsonRecord): readonly unknown[] | undefined {
  const { tool_calls: calls, function_call: call } = message
  if (isList(calls) && calls.length > 0) return calls
  if (isRecord(calls)) return [calls]
  return isRecord(call) ? [{ index: 0, function: call }] : undefined
}

/** `Array.isArray` makes `any` of what stands in it. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

/** Groq has it under a key of its own, others in the choice. */
export function usageOf(chunk: JsonRecord, choice: JsonRecord | undefined): Usage | undefined {
  const usage = chunk.usage ?? (isRecord(chunk.x_groq) ? chunk.x_groq.usage : choice?.usage)
  if (!isRecord(usage)) return undefined
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage
  if (typeof prompt !== 'number' || typeof completion !== 'number') return undefined
  return {
    promptTokens: prompt,
    completionTokens: completion,
    totalTokens: typeof total === 'number' ? total : prompt + completion,
  }
}
