import { z } from 'zod'
import type { ToolOutcome } from '../tools/tool-runner.ts'
import { unknownOutcome } from './unknown-outcome.ts'

/** A larger one is kept without its value: the model was told its content, which is short. */
const MAX_BYTES = 300 * 1024

const StoredOutcome = z.object({
  status: z.enum(['ok', 'failed', 'unknown']),
  content: z.string(),
  value: z.unknown().optional(),
})

/** An outcome as it stands in the shared store. */
export function toOutcomeJson({ status, content, value }: ToolOutcome): string {
  const whole = JSON.stringify({ status, content, value })
  return Buffer.byteLength(whole) <= MAX_BYTES ? whole : JSON.stringify({ status, content })
}

/** What cannot be read, another version of the server may have written. */
export function outcomeFromJson(text: string): ToolOutcome {
  try {
    return StoredOutcome.parse(JSON.parse(text))
  } catch {
    return unknownOutcome()
  }
}
