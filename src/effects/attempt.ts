import type { ToolOutcome } from '../tools/tool-runner.ts'
import type { Effect } from './ledger.ts'
import { unknownOutcome } from './unknown-outcome.ts'

/** Begins an effect before it returns, so that nothing comes between the last question and the start. */
export async function attempt({ start }: Effect, id: string): Promise<ToolOutcome> {
  try {
    return await start(id)
  } catch {
    return unknownOutcome()
  }
}
