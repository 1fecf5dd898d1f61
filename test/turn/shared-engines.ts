import type { Undo } from '../../src/conversation/journal.ts'
import type { SharedStore } from '../../src/store/shared-store.ts'
import { createSharedJournals } from '../../src/turn/journals/shared-journals.ts'
import { buildEngine, createModel } from '../support/engine.ts'
import { user } from '../support/history.ts'
import { logInto } from './journals/instances.ts'
import { ledgerOver } from '../support/shared-ledgers.ts'
import { createHandSchedule } from '../support/timed-desk.ts'

export const WISH = user('Hold ten, please.')
export const ASIDE = user('Hold ten, please. And what does it cost?')
export const HELD = 'Ten is held for you.'
export const PRICE = 'It costs forty euros.'
export const HOLD = { calls: [{ id: 'h1', name: 'hold', arguments: '{"at":"ten"}' }] }

/** As the record of the conversation `call-1` of the test's caller is named. */
const ID = '["test","call-1"]'

const TOOLS = {
  hold: {
    type: 'static',
    effect: 'write',
    commit: 'immediate',
    result: 'held',
    compensate: { tool: 'release', arguments: { at: '{{at}}' } },
    parameters: { type: 'object', properties: { at: { type: 'string' } } },
  },
  release: { type: 'static', effect: 'write', commit: 'immediate', result: 'released' },
}

type Model = Parameters<typeof createModel>[0]
type Answer = Awaited<ReturnType<Model>> | Model

interface Options {
  readonly store: SharedStore
  /** Of its model, in turn. */
  readonly answers?: readonly Answer[]
  readonly attachGraceMs?: number
}

/** An instance at a desk that can give back what it holds. */
export function startEngine({ store, answers = [], attachGraceMs = 1 }: Options) {
  const left = [...answers]
  const model = createModel(async (request) => {
    const next = left.shift()
    if (!next) return new Error('one model call too many')
    return typeof next === 'function' ? next(request) : next
  })
  const schedule = createHandSchedule()
  const journals = createSharedJournals({
    store,
    retainMs: 60_000,
    log: logInto([]),
    limits: { saveSoonMs: 5, lookEveryMs: 20, awaitedForMs: 50 },
  })
  const engine = buildEngine({
    flow: { name: 'desk', starting_state: 'desk', general_tools: ['hold'], states: { desk: {} } },
    tools: TOOLS,
    upstream: model,
    attachGraceMs,
    memory: {
      ...{ journals, schedule, ledger: ledgerOver(store) },
      ...{ instance: store.instance, now: () => store.now() },
    },
  })
  const turns = async () => (await journals.peek(ID))?.turns ?? []
  return {
    engine,
    model,
    schedule,
    turns,
    /** How the undo of every effect stands. */
    undos: async (): Promise<readonly (Undo['status'] | undefined)[]> =>
      (await turns()).flatMap(({ effects }) => effects).map(({ undo }) => undo?.status),
  }
}

/** What the model was told besides the history in its request with this number, from 1. */
export function systemOf(
  { requests }: Pick<ReturnType<typeof createModel>, 'requests'>,
  number: number,
): string {
  return JSON.stringify(requests[number - 1]?.messages[0]?.content)
}
