import { renderTemplate, type Lookup } from '../flow/template.ts'
import type { ToolDefinition } from '../flow/tool-definition.ts'
import { valueAt } from '../flow/value-at.ts'
import type { ToolOutcome } from './tool-runner.ts'

const MAX_CONTENT_BYTES = 6144
const CUT_NOTE = ' [cut]'

/** A result as it came back: `text` is what the model sees unless the tool says otherwise. */
export interface ToolResult {
  readonly value: unknown
  readonly text: string
}

/** What the model is told of a result: by `result_template`, by `response_filter`, or as it is. */
export function okOutcome(tool: ToolDefinition, result: ToolResult, lookup: Lookup): ToolOutcome {
  return { status: 'ok', content: cut(contentOf(tool, result, lookup)), value: result.value }
}

/** `detail` is text of the other side that helps the model; it is kept short. */
export function badOutcome(
  status: 'failed' | 'unknown',
  error: string,
  detail?: string,
): ToolOutcome {
  return {
    status,
    content: JSON.stringify(detail === undefined ? { error } : { error, detail }),
  }
}

/** It failed before anything left: it surely did not happen, and may be tried again. */
export function unsentOutcome(error: string): ToolOutcome {
  return { ...badOutcome('failed', error), sent: false }
}

/** It has arrived, and what came of it cannot be told: a write may have happened. */
export function unansweredOutcome(effect: 'read' | 'write', error: string): ToolOutcome {
  return effect === 'write'
    ? badOutcome('unknown', `${error}; it is not known whether this was done`)
    : badOutcome('failed', error)
}

function contentOf(tool: ToolDefinition, result: ToolResult, lookup: Lookup): string {
  if (tool.result_template !== undefined) {
    return renderTemplate(tool.result_template, (path) =>
      path === 'result' || path.startsWith('result.')
        ? valueAt({ result: result.value }, path)
        : lookup(path),
    )
  }
  if (!tool.response_filter) return result.text
  const kept = tool.response_filter.map((path) => [path, valueAt(result.value, path)] as const)
  return JSON.stringify(Object.fromEntries(kept))
}

function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_CONTENT_BYTES) return text
  let end = MAX_CONTENT_BYTES - CUT_NOTE.length
  // The bytes that go on a character begin with the bits 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end) + CUT_NOTE
}
