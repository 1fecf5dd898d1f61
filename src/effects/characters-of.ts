import type { ToolOutcome } from '../tools/tool-runner.ts'

/** How much memory an outcome takes, in characters of JSON text. */
export function charactersOf({ content, value }: ToolOutcome): number {
  return content.length + (value === undefined ? 0 : JSON.stringify(value).length)
}
