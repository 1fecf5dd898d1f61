import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TurnEngine, TurnListener } from '../../../src/turn/turn.ts'
import type { TurnRequest } from '../../../src/turn/turn-request.ts'
import { buildEngine, createModel, toRequest } from '../../support/engine.ts'
import { createGate, type Gate } from '../../support/gate.ts'
import { assistant, user } from '../../support/history.ts'

const HI = [user('Is ten free?')]
const ONE = 'One moment... '
const LOOK = 'Let me look... '
const FREE = 'Ten is free.'
const FILLER = { texts: [ONE, LOOK] }

// What is due when is exact: the clock is the test's, and nothing here has a socket.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const after = (ms: number) => vi.advanceTimersByTimeAsync(ms)

interface Setting {
  readonly filler?: unknown
  readonly flow?: object
  readonly config?: object
}

/** An engine whose model waits at a gate for each answer. */
function start({ filler = FILLER, flow = {}, config = {} }: Setting = {}) {
  const gates: Gate[] = []
  const answers: Parameters<typeof createModel>[0][] = []
  const upstream = createModel(async (request) => {
    const gate = createGate()
    gates.push(gate)
    const answer = answers.shift()
    await gate.released
    return answer ? answer(request) : { text: FREE }
  })
  const engine = buildEngine({
    flow: { name: 'f', starting_state: 's', states: { s: {} }, ...flow },
    upstream,
    config: { ...(filler !== null && { filler }), ...config },
  })
  return {
    ...{ engine, upstream, answers },
    release: async () => {
      gates.shift()?.release()
      await after(0)
    },
  }
}

/** Somebody who listens; `text` is what they have heard so far. */
async function listen(
  engine: TurnEngine,
  request: TurnRequest,
  { streams = true, onEvent }: Partial<Pick<TurnListener, 'streams' | 'onEvent'>> = {},
) {
  const gone = new AbortController()
  let text = ''
  const answer = await engine.begin(request)
  const end = answer
    .run({
      signal: gone.signal,
      streams,
      onEvent(event) {
        if (event.type === 'text-delta') text += event.text
        return onEvent?.(event)
      },
    })
    .catch(() => null)
  return { text: () => text, end, hangUp: () => gone.abort(), facts: answer.facts }
}

const startAndListen = async (setting?: Setting) => {
  const stage = start(setting)
  return { ...stage, caller: await listen(stage.engine, toRequest(HI)) }
}

describe('while the model does not begin', () => {
  it('a filler is said after its delay, and not sooner', async () => {
    const { caller, release } = await startAndListen()
    await after(1199)
    expect(caller.text()).toBe('')
    await after(2)
    expect(caller.text()).toBe(ONE)
    await release()
    await caller.end
    expect(caller.text()).toBe(ONE + FREE)
  })

  it('the next ones have another delay, and other words each time', async () => {
    const { caller } = await startAndListen()
    await after(1202)
    await after(7990)
    expect(caller.text()).toBe(ONE)
    await after(12)
    expect(caller.text()).toBe(ONE + LOOK)
    await after(8002)
    expect(caller.text()).toBe(ONE + LOOK + ONE)
  })

  it('a filler of one text is said once', async () => {
    const { caller } = await startAndListen({ filler: { texts: [ONE, ONE] } })
    await after(19_000)
    expect(caller.text()).toBe(ONE)
  })

  it('none is said where none is configured, and none is timed', async () => {
    const { caller } = await startAndListen({ filler: null })
    const others = vi.getTimerCount()
    const timed = await listen(start().engine, toRequest(HI))
    expect(vi.getTimerCount()).toBe(2 * others + 1)
    await after(19_000)
    expect(caller.text()).toBe('')
    expect(timed.text()).not.toBe('')
  })
})

describe('the words of a filler', () => {
  it('are others than in the turn before', async () => {
    const { engine, caller, release } = await startAndListen()
    await after(1201)
    await release()
    await caller.end
    const next = await listen(
      engine,
      toRequest([...HI, assistant(caller.text()), user('And eleven?')]),
    )
    await after(1201)
    expect(next.text()).toBe(LOOK)
    await release()
    await next.end
  })

  it('are those of the state, for which the others do not count', async () => {
    const states = { s: { filler: { texts: ['Let me check... '], after_ms: 100 } } }
    const { caller } = await startAndListen({ flow: { states } })
    await after(101)
    expect(caller.text()).toBe('Let me check... ')
    await after(7990)
    expect(caller.text()).toBe('Let me check... ')
  })

  it('can be those of a state alone, and none where the state says so', async () => {
    const only = { s: { filler: { texts: ['Let me check... '] } } }
    const own = await startAndListen({ filler: null, flow: { states: only } })
    const none = await startAndListen({ flow: { states: { s: { filler: false } } } })
    await after(1201)
    expect([own.caller.text(), none.caller.text()]).toEqual(['Let me check... ', ''])
  })

  it('are in the language of the conversation', async () => {
    const texts = { en: [ONE], de: ['Einen Moment... '] }
    const flow = { default_dynamic_variables: { language: 'de-AT' } }
    const { caller } = await startAndListen({ filler: { texts }, flow })
    await after(1201)
    expect(caller.text()).toBe('Einen Moment... ')
  })
})

describe('no filler is said', () => {
  it('in the middle of an answer, however long it pauses', async () => {
    const { engine, answers, release } = start()
    const rest = createGate()
    answers.push(() => ({ text: 'Ten is', until: rest.released }))
    const caller = await listen(engine, toRequest(HI))
    await release()
    await after(15_000)
    expect(caller.text()).toBe('Ten is')
    rest.release()
    await caller.end
  })

  it('to a silent caller', async () => {
    const { engine, caller, release } = await startAndListen()
    await release()
    await caller.end
    const quiet = await listen(engine, toRequest([...HI, assistant(FREE), user('...')]))
    expect(quiet.facts.kind).toBe('silence')
    await after(15_000)
    expect(quiet.text()).toBe('')
  })

  it('in an answer that is one body', async () => {
    const { engine, release } = start()
    const caller = await listen(engine, toRequest(HI), { streams: false })
    await after(15_000)
    await release()
    await caller.end
    expect(caller.text()).toBe(FREE)
  })

  it('once another request has taken its place', async () => {
    const { engine, caller } = await startAndListen()
    await after(1000)
    await listen(engine, toRequest([user('Is eleven free?')]), { streams: false })
    await caller.end
    await after(5000)
    expect(caller.text()).toBe(' ')
  })

  it('after the turn has taken too long', async () => {
    const filler = { texts: [ONE, LOOK], again_after_ms: 100 }
    const config = { routing: { turn_timeout_ms: 1250 }, fallback: 'Sorry.' }
    const { caller, release } = await startAndListen({ filler, config })
    await after(5000)
    await release()
    await caller.end
    expect(caller.text()).toBe(`${ONE}Sorry.`)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('to nobody; whoever asks again hears it, and hears it once', async () => {
    const { engine, caller, release } = await startAndListen()
    await after(1100)
    caller.hangUp()
    await caller.end
    // The grace of a turn that nobody listens to, and its limit.
    expect(vi.getTimerCount()).toBe(2)
    await after(2000)
    const again = await listen(engine, toRequest(HI))
    await after(1)
    expect(again.text()).toBe(ONE)
    const third = await listen(engine, toRequest(HI))
    await after(1)
    expect(third.text()).toBe(ONE)
    await release()
    await Promise.all([again.end, third.end])
    expect([again.text(), third.text()]).toEqual([ONE + FREE, ONE + FREE])
  })

  it('after the end, and no timer is left', async () => {
    const { caller, release } = await startAndListen()
    await release()
    await caller.end
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a listener that reads on slowly', () => {
  it('does not hold up the turn for a filler', async () => {
    const { engine, upstream, answers, release } = start({ flow: CHOICE })
    answers.push(() => ({ calls: [{ id: 'c', name: 'transition_to_on', arguments: '{}' }] }))
    const full = createGate()
    const onEvent = () => full.released
    const caller = await listen(engine, toRequest(HI), { onEvent })
    await after(1201)
    expect(caller.text()).toBe(ONE)
    await release()
    expect(upstream.requests).toHaveLength(2)
    await release()
    full.release()
    await caller.end
    expect(caller.text()).toBe(ONE + FREE)
  })
})

const CHOICE = {
  states: { s: { edges: [{ to: 'on', when: { type: 'llm', description: 'On.' } }] }, on: {} },
}

describe('between two model calls', () => {
  it('it is due after its delay from the last text, and is that of the state by then', async () => {
    const states = { ...CHOICE.states, on: { filler: { texts: ['On it... '] } } }
    const { engine, answers, release } = start({ flow: { states } })
    answers.push(() => ({
      text: 'Sure.',
      calls: [{ id: 'c', name: 'transition_to_on', arguments: '{}' }],
    }))
    const caller = await listen(engine, toRequest(HI))
    await after(1000)
    await release()
    await after(1100)
    expect(caller.text()).toBe('Sure.')
    await after(101)
    expect(caller.text()).toBe('Sure. On it... ')
    await release()
    await caller.end
    expect(caller.text()).toBe(`Sure. On it... ${FREE}`)
  })
})
