import type { Flow } from '../../flow/definition.ts'
import type { Variables } from '../../flow/position.ts'
import { offerAt } from '../generate/offered-tools.ts'
import type { PreparedTurn } from './prepare-turn.ts'
import type { ToolRunner } from '../../tools/tool-runner.ts'
import type { TurnSettings } from '../settings.ts'
import type { Derivation } from '../turn.ts'

interface DerivationDependencies {
  readonly settings: TurnSettings
  readonly tools: ToolRunner
}

/** What the dry run tells of a prepared turn. */
export function toDerivation(
  prepared: PreparedTurn,
  { settings, tools }: DerivationDependencies,
): Derivation {
  const { facts, start, resolution } = prepared
  const { flow } = settings
  const offer = offerAt({ settings, tools, prepared, position: start })
  return {
    ...facts,
    variables: masked(flow, start.variables),
    rollback: resolution.rollback,
    discarded: resolution.discarded.map((turn) => ({
      turn: turn.id,
      exchange: turn.exchange,
      state: turn.start.state,
    })),
    tools: offer.tools.map((tool) => tool.name),
  }
}

function masked(flow: Flow, variables: Variables): Variables {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      flow.variables[name]?.sensitive ? '***' : value,
    ]),
  )
}
