import { onTestFinished } from 'vitest'
import type { Effect, EffectKey, Ledger } from '../../src/effects/ledger.ts'
import { createSharedLedger } from '../../src/effects/shared-ledger.ts'
import { createLog } from '../../src/observability/log.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'
import { createGate } from './gate.ts'
import type { ProcessInstance, ProcessStore } from './process-shared-store.ts'

export const BOOK: EffectKey = {
  conversation: 'a',
  exchange: 1,
  generation: 0,
  tool: 'book',
  arguments: '{"at":"ten"}',
}

export function ok(content: string): ToolOutcome {
  return { status: 'ok', content }
}

export interface LedgerInstance extends ProcessInstance {
  readonly ledger: Ledger
}

/** Another instance of the server, with a ledger of its own. */
export function joinWithLedger(shared: ProcessStore): LedgerInstance {
  const instance = shared.join()
  return { ...instance, ledger: ledgerOver(instance.store) }
}

/** It is closed when the test is over. */
export function ledgerOver(store: SharedStore): Ledger {
  const log = createLog('silent')
  const ledger = createSharedLedger({ store, secret: 'secret', retainMs: 60_000, log })
  onTestFinished(() => ledger.close())
  return ledger
}

export function giving(outcome: ToolOutcome, more: Partial<Effect> = {}): Effect {
  return { start: async () => outcome, isIdempotent: false, waitMs: 10_000, ...more }
}

/** An effect that ends when it is told to. */
export function heldEffect(outcome: ToolOutcome, more: Partial<Effect> = {}) {
  const gate = createGate()
  const start = async () => {
    gate.reach()
    await gate.released
    return outcome
  }
  return { effect: giving(outcome, { ...more, start }), begun: gate.reached, end: gate.release }
}

/** The same effects, of which each tells when it is begun: by what comes of it. */
export function notingEffects(onStart: (name: string) => void) {
  const noted = ({ start, ...effect }: Effect, name: string): Effect => ({
    ...effect,
    start: (id) => {
      onStart(name)
      return start(id)
    },
  })
  const notedGiving = (outcome: ToolOutcome, more: Partial<Effect> = {}) =>
    noted(giving(outcome, more), outcome.content)
  return {
    giving: notedGiving,
    idempotent: (outcome: ToolOutcome) => notedGiving(outcome, { isIdempotent: true }),
    held: (outcome: ToolOutcome, more: Partial<Effect> = {}) => {
      const { effect, ...rest } = heldEffect(outcome, more)
      return { ...rest, effect: noted(effect, outcome.content) }
    },
  }
}
