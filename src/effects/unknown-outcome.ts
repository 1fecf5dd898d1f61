import { badOutcome } from '../tools/tool-outcome.ts'
import type { ToolOutcome } from '../tools/tool-runner.ts'

/** It was under way when it broke, or when the process that did it went away. */
export function unknownOutcome(): ToolOutcome {
  return badOutcome('unknown', 'no answer came; it is not known whether this was done')
}

/** For one who has waited for another one's run for as long as they can. */
export function stillRunning(): ToolOutcome {
  return badOutcome('unknown', 'it is still being done; it is not known yet what comes of it')
}
