import type { Scenario } from './scenario.ts'
import { ACCESS } from './scenarios/access.ts'
import { BARGE_INS } from './scenarios/barge-in.ts'
import { BODIES } from './scenarios/bodies.ts'
import { GREETINGS } from './scenarios/greetings.ts'
import { RESPONSES } from './scenarios/responses.ts'
import { RETRIES } from './scenarios/retries.ts'
import { REVISIONS } from './scenarios/revisions.ts'
import { SILENCES } from './scenarios/silence.ts'
import { TOOLS } from './scenarios/tools.ts'
import { TRANSFERS } from './scenarios/transfers.ts'
import { UPSTREAM_FAULTS } from './scenarios/upstream-faults.ts'

/** In the order of their numbers. */
export const SCENARIOS: readonly Scenario[] = [
  ...GREETINGS,
  ...RETRIES,
  ...REVISIONS,
  ...BARGE_INS,
  ...SILENCES,
  ...TOOLS,
  ...BODIES,
  ...ACCESS,
  ...UPSTREAM_FAULTS,
  ...TRANSFERS,
  ...RESPONSES,
].sort((one, other) => one.number - other.number)

/**
 * Those that a list of numbers and names asks for; a name stands for all that begin with it. Null if
 * an entry names none.
 */
export function chooseScenarios(list: string): readonly Scenario[] | null {
  const entries = list.split(',').map((entry) => entry.trim())
  const named = (entry: string) =>
    SCENARIOS.filter(
      ({ number, name }) => String(number) === entry || (entry !== '' && name.startsWith(entry)),
    )
  if (entries.some((entry) => named(entry).length === 0)) return null
  const chosen = new Set(entries.flatMap(named))
  return SCENARIOS.filter((scenario) => chosen.has(scenario))
}
