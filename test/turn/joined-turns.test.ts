import { describe, expect, it, vi } from 'vitest'
import type { SharedStore } from '../../src/store/shared-store.ts'
import { answer, toRequest } from '../support/engine.ts'
import { createGate } from '../support/gate.ts'
import { user } from '../support/history.ts'
import { createProcessStore } from '../support/process-shared-store.ts'
import { startEngine } from './shared-engines.ts'

const REST = [user('Hold ten, please.')]
/** What was left of the words as a request came late: asked for again, its turn is joined. */
const LATE = [user('Hold ten')]

/** The next write can be held at the store's door. */
function holdingWrites(store: SharedStore) {
  const gate = createGate()
  let holds = false
  const writeRecord: SharedStore['writeRecord'] = async (...change) => {
    if (holds) {
      holds = false
      gate.reach()
      await gate.released
    }
    return store.writeRecord(...change)
  }
  return { store: { ...store, writeRecord }, ...gate, hold: () => void (holds = true) }
}

/** A turn runs; another request is to join it, and the turn ends while that is being written down. */
async function endedMeanwhile(end: 'finished' | 'failed') {
  const door = holdingWrites(createProcessStore().join().store)
  const [late, rest] = [createGate(), createGate()]
  const { engine, model, turns } = startEngine({
    store: door.store,
    answers: [
      () => rest.released.then(() => ({ text: 'Held.' })),
      async () => {
        late.reach()
        await late.released
        return end === 'failed' ? new Error('the model broke') : { text: 'Go on.' }
      },
      { text: 'Once more.' },
    ],
  })
  const first = answer(engine, toRequest(REST))
  await vi.waitFor(() => expect(model.requests).toHaveLength(1))
  const joined = answer(engine, toRequest(LATE)).catch(() => null)
  await late.reached
  const turn = (await turns()).at(-1)
  door.hold()
  const begun = engine.begin(toRequest(LATE))
  await door.reached
  late.release()
  await vi.waitFor(() => expect(turn?.status).toBe(end))
  door.release()
  const again = await begun
  let text = ''
  const { signal } = new AbortController()
  await again.run({
    ...{ signal, streams: true },
    onEvent: (event) => void (text += event.type === 'text-delta' ? event.text : ''),
  })
  rest.release()
  await Promise.all([first, joined])
  return { source: again.source, text, calls: model.requests.length }
}

describe('a request whose turn ends while it is written down that it joins it', () => {
  it('gets its words, and no model is asked again', async () => {
    expect(await endedMeanwhile('finished')).toEqual({
      ...{ source: 'replayed', text: 'Go on.', calls: 2 },
    })
  })

  it('is answered anew where that turn has failed', async () => {
    expect(await endedMeanwhile('failed')).toEqual({
      ...{ source: 'generated', text: 'Once more.', calls: 3 },
    })
  })
})
