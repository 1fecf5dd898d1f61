import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Journal, JournalTurn } from '../../../src/conversation/journal.ts'
import { createProcessStore } from '../../support/process-shared-store.ts'
import { begin, ID, look, plain, startInstance, type Instance } from './instances.ts'

/** What an instance does next; `which` picks a turn, of its own where it must be one. */
interface Deed {
  readonly by: 0 | 1 | 2
  readonly type:
    'begin' | 'say' | 'finish' | 'show' | 'supersede' | 'replay' | 'undo' | 'look' | 'lose'
  readonly which: number
}

const deeds = fc.array(
  fc.record<Deed>({
    by: fc.constantFrom(0, 1, 2),
    type: fc.constantFrom(
      ...(['begin', 'begin', 'say', 'finish', 'show', 'supersede'] as const),
      ...(['replay', 'undo', 'look', 'lose'] as const),
    ),
    which: fc.nat({ max: 20 }),
  }),
  { maxLength: 40 },
)

/** Some microtasks long, some whole rounds of the event loop. */
function pauseOf(lengths: readonly number[]): () => Promise<void> {
  let count = 0
  return async () => {
    const length = lengths[count++ % lengths.length] ?? 0
    if (length === 3) await new Promise((resolve) => setImmediate(resolve))
    else for (let hop = 0; hop < length; hop++) await Promise.resolve()
  }
}

/** What was promised to stay: begun turns by id, what was said in them, and how often they were given again. */
interface Promised {
  readonly texts: Map<number, string>
  readonly replays: Map<number, number>
  readonly shown: Set<number>
  /** How many turns each decision saw, of which it added one. */
  readonly seen: Set<number>
}

async function act(instance: Instance, { type, which }: Deed, promised: Promised): Promise<void> {
  const { journals, store } = instance
  const pick = (turns: readonly JournalTurn[]) => turns[which % Math.max(1, turns.length)]
  const own = ({ turns }: Journal) =>
    turns.filter((turn) => turn.owner === store.instance && turn.status === 'running')
  const journal = type === 'begin' ? null : await look(instance)
  const turn =
    journal && pick(['say', 'finish', 'undo'].includes(type) ? own(journal) : journal.turns)
  switch (type) {
    case 'begin': {
      const begun = await journals.update(ID, (known) => {
        const parent = pick(known?.turns ?? []) ?? null
        const before = known?.turns.length ?? 0
        return { before, turn: begin({ store, parent, maxTurns: 1000 })(known) }
      })
      expect(promised.seen).not.toContain(begun.before)
      promised.seen.add(begun.before)
      promised.texts.set(begun.turn.id, '')
      return
    }
    case 'say':
    case 'finish':
      if (!turn) return
      turn.pieces.push({ type: 'answer', text: String(which) })
      if (type === 'finish') turn.status = 'finished'
      promised.texts.set(turn.id, turn.pieces.map(({ text }) => text).join())
      if (which % 2 === 0 && type === 'say') journals.keepSoon(ID, turn)
      else await journals.keep(ID, turn)
      return
    case 'undo': {
      if (!turn) return
      const undo = { name: 'cancel', arguments: '{}', status: 'ok' as const }
      turn.effects.push({ ...undo, exchange: 1, generation: 0, given: '', undo })
      await journals.keep(ID, turn)
      return
    }
    case 'replay':
      if (!turn) return
      await journals.update(ID, (known) => {
        const again = known?.turns.find(({ id }) => id === turn.id)
        if (again) again.replays++
      })
      promised.replays.set(turn.id, (promised.replays.get(turn.id) ?? 0) + 1)
      return
    case 'show':
    case 'supersede':
      if (!turn) return
      await journals.update(ID, () => {
        turn.shown = true
        turn.superseded ||= type === 'supersede'
      })
      promised.shown.add(turn.id)
      return
    case 'look':
      return
    case 'lose':
      instance.loseMessages(which)
  }
}

it('instances that share journals lose nothing and end with the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      deeds,
      fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 30 }),
      async (script, lengths) => {
        const store = createProcessStore({ pause: pauseOf(lengths) })
        const instances = [0, 1, 2].map(() => startInstance({ store, limits: { saveSoonMs: 1 } }))
        const promised: Promised = {
          ...{ texts: new Map(), replays: new Map(), shown: new Set(), seen: new Set() },
        }
        // Each instance does its deeds in order, and all of them at once.
        await Promise.all(
          instances.map(async (instance, index) => {
            for (const deed of script) if (deed.by === index) await act(instance, deed, promised)
          }),
        )
        const journals = []
        for (const instance of instances) {
          const { turns } = await look(instance)
          for (const turn of turns) {
            if (turn.owner === instance.store.instance) await instance.journals.keep(ID, turn)
          }
        }
        for (const instance of instances) journals.push(await look(instance))
        const [first, second, third] = journals.map(plain)
        expect(second).toEqual(first)
        expect(third).toEqual(first)
        check(journals[0], promised)
      },
    ),
    { numRuns: 150 },
  )
})

function check(journal: Journal | undefined, promised: Promised): void {
  const turns = journal?.turns ?? []
  expect(turns.map(({ id }) => id)).toEqual([...promised.texts.keys()].sort((a, b) => a - b))
  for (const turn of turns) {
    expect(turn.pieces.map(({ text }) => text).join()).toBe(promised.texts.get(turn.id))
    expect(turn.replays).toBe(promised.replays.get(turn.id) ?? 0)
    expect(turn.shown).toBe(promised.shown.has(turn.id))
    for (const { undo } of turn.effects) expect(undo?.status).toBe('ok')
  }
}
