import type { ToolOutcome } from '../tools/tool-runner.ts'
import { charactersOf } from './characters-of.ts'

const MAX_ENTRIES = 1000
/** Of all outcomes together: some 60 MB at most. */
const MAX_CHARACTERS = 30_000_000

/** Adds an entry as the newest one; what is too much goes, the oldest first. */
export function addBounded<Left extends { readonly outcome?: ToolOutcome | undefined }>(
  all: Map<string, Left>,
  id: string,
  left: Left,
): void {
  all.delete(id)
  all.set(id, left)
  let characters = [...all.values()].reduce((sum, entry) => sum + sizeOf(entry), 0)
  for (const [oldest, entry] of all) {
    if (all.size === 1 || (all.size <= MAX_ENTRIES && characters <= MAX_CHARACTERS)) return
    all.delete(oldest)
    characters -= sizeOf(entry)
  }
}

function sizeOf({ outcome }: { readonly outcome?: ToolOutcome | undefined }): number {
  return outcome ? charactersOf(outcome) : 0
}
