import fc from 'fast-check'

/** What one model call does. */
interface ModelPlan {
  readonly afterMs: number
  readonly saysFirst: boolean
  readonly does: 'answer' | 'book' | 'reserve' | 'hold' | 'fail' | 'stall'
}

/** What one run of a tool comes to. */
interface RunPlan {
  readonly afterMs: number
  readonly outcome: 'ok' | 'failed' | 'unsent' | 'never'
}

/** What callers and platforms do, and what befalls instances and their store. */
export type Step = { readonly waitMs: number } & (
  | {
      readonly type: 'ask'
      readonly at: number
      readonly what: 'again' | 'more' | 'less' | 'other' | 'next' | 'spoken over'
      readonly pick: number
    }
  | { readonly type: 'hang up'; readonly pick: number }
  | { readonly type: 'kill'; readonly at: number; readonly isNoticed: boolean }
  | { readonly type: 'outage'; readonly at: number | 'all'; readonly forMs: number }
  | { readonly type: 'lose replies'; readonly at: number }
  | { readonly type: 'lose messages'; readonly at: number }
)

export interface Script {
  readonly steps: readonly Step[]
  readonly models: readonly ModelPlan[]
  readonly runs: readonly RunPlan[]
  /** How long what goes to the store, and what comes from it, takes: see `createPlay`. */
  readonly pauses: readonly number[]
}

export const INSTANCES = 3

const at = fc.nat({ max: INSTANCES - 1 })
const pick = fc.constantFrom(0, 0, 0, 1, 2, 3)
const waitMs = fc.constantFrom(0, 0, 0, 20, 60, 120, 300, 700, 1500, 3500)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      type: fc.constant('ask' as const),
      waitMs,
      at,
      what: fc.constantFrom(
        ...(['again', 'again', 'again', 'again', 'more', 'more', 'less', 'other'] as const),
        ...(['next', 'next', 'spoken over', 'spoken over'] as const),
      ),
      pick,
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('hang up' as const), waitMs, pick }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ type: fc.constant('kill' as const), waitMs, at },
      isNoticed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('outage' as const),
      waitMs,
      at: fc.oneof(at, fc.constant('all' as const)),
      forMs: fc.constantFrom(40, 300, 1500, 6000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('lose replies' as const), waitMs, at }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('lose messages' as const), waitMs, at }),
  },
)

const model = fc.record<ModelPlan>({
  afterMs: fc.constantFrom(0, 20, 100, 400, 900),
  saysFirst: fc.boolean(),
  does: fc.constantFrom(
    ...(['answer', 'answer', 'book', 'book', 'reserve', 'reserve', 'hold', 'hold'] as const),
    ...(['fail', 'stall'] as const),
  ),
})

const run = fc.record<RunPlan>({
  afterMs: fc.constantFrom(0, 20, 200, 900, 2000),
  outcome: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'failed', 'unsent', 'never'),
})

/** `isKind`: no model and no tool ever fails. */
export function scripts(isKind: boolean): fc.Arbitrary<Script> {
  const models = isKind ? model.filter(({ does }) => does !== 'fail' && does !== 'stall') : model
  const runs = isKind ? run.filter(({ outcome }) => outcome === 'ok') : run
  return fc.record({
    steps: fc.array(step, { minLength: 2, maxLength: 22, size: 'max' }),
    models: fc.array(models, { minLength: 1, maxLength: 8 }),
    runs: fc.array(runs, { minLength: 1, maxLength: 5 }),
    pauses: fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 20 }),
  })
}
