import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createLedger, type EffectKey, type Ledger } from '../../src/effects/ledger.ts'
import type { ToolOutcome } from '../../src/tools/tool-runner.ts'

const BOOK: EffectKey = {
  conversation: 'a',
  exchange: 1,
  generation: 0,
  tool: 'book',
  arguments: '{"at":"ten"}',
}
const ok = (content: string): ToolOutcome => ({ status: 'ok', content })

let now: number
let ledger: Ledger
let started: string[]

beforeEach(() => {
  now = 0
  started = []
  ledger = createLedger({ retainMs: 1000, maxConversations: 3, now: () => now })
})

/** An effect that says when it starts and ends when it is told to. */
function heldEffect(name: string) {
  const { promise, resolve, reject } = withResolvers<ToolOutcome>()
  const start = () => {
    started.push(name)
    return promise
  }
  return { start, end: () => resolve(ok(name)), fail: () => reject(new Error('it broke')) }
}

function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<Value>((whenDone, whenBroken) => {
    resolve = whenDone
    reject = whenBroken
  })
  return { promise, resolve, reject }
}

function runAtOnce(key: EffectKey, name: string): Promise<ToolOutcome> {
  return ledger.run(key, async () => {
    started.push(name)
    return ok(name)
  })
}

describe('the ledger', () => {
  it('gives a second caller the outcome of the effect that is running', async () => {
    const first = heldEffect('first')
    const answers = [ledger.run(BOOK, first.start), runAtOnce(BOOK, 'second')]
    first.end()
    expect(await Promise.all(answers)).toEqual([ok('first'), ok('first')])
    expect(started).toEqual(['first'])
  })

  it('gives a later caller the outcome of the effect that has ended, whatever it was', async () => {
    const failed: ToolOutcome = { status: 'failed', content: 'taken' }
    await ledger.run(BOOK, async () => failed)
    expect(await runAtOnce(BOOK, 'second')).toEqual(failed)
    expect(started).toEqual([])
  })

  it('takes the same arguments in another spelling for the same', async () => {
    const spelled = (text: string) => ({ ...BOOK, arguments: text })
    await runAtOnce(spelled('{"at":"ten","who":{"b":1,"a":2}}'), 'first')
    await runAtOnce(spelled('{ "who": {"a": 2, "b": 1}, "at": "ten" }'), 'second')
    expect(started).toEqual(['first'])
  })

  it('keeps conversations, exchanges, tools and arguments apart', async () => {
    const others: EffectKey[] = [
      { ...BOOK, conversation: 'b' },
      { ...BOOK, exchange: 2 },
      { ...BOOK, generation: 1 },
      { ...BOOK, tool: 'cancel' },
      { ...BOOK, arguments: '{"at":"eleven"}' },
    ]
    const outcomes = await Promise.all([BOOK, ...others].map((key, at) => runAtOnce(key, `${at}`)))
    expect(outcomes.map((outcome) => outcome.content)).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('remembers an effect that broke as unknown and does not run it again', async () => {
    const broken = heldEffect('broken')
    const answer = ledger.run(BOOK, broken.start)
    broken.fail()
    expect(await answer).toMatchObject({ status: 'unknown' })
    expect(await runAtOnce(BOOK, 'second')).toEqual(await answer)
    expect(started).toEqual(['broken'])
  })

  it('remembers an effect that threw before it gave a promise', async () => {
    const thrown = ledger.run(BOOK, () => {
      throw new Error('secret')
    })
    expect(await thrown).toMatchObject({ status: 'unknown' })
    expect((await thrown).content).not.toContain('secret')
  })
})

describe('the bounds of the ledger', () => {
  it('keep what a conversation that goes on has done', async () => {
    await runAtOnce(BOOK, 'first')
    for (let step = 0; step < 4; step++) {
      now += 900
      ledger.keep('a')
      ledger.keep('never heard of')
    }
    await runAtOnce(BOOK, 'second')
    expect(started).toEqual(['first'])
  })

  it('let the oldest outcomes of a conversation go, and never one that is running', async () => {
    const running = heldEffect('running')
    const held = ledger.run(BOOK, running.start)
    for (let exchange = 2; exchange <= 502; exchange++) {
      await runAtOnce({ ...BOOK, exchange }, `${exchange}`)
    }
    started = []
    await runAtOnce({ ...BOOK, exchange: 3 }, 'known')
    await runAtOnce({ ...BOOK, exchange: 2 }, 'forgotten')
    const second = runAtOnce(BOOK, 'second')
    running.end()
    expect(await Promise.all([held, second])).toEqual([ok('running'), ok('running')])
    expect(started).toEqual(['forgotten'])
  })

  it('let the oldest idle conversation go, but nothing that it still runs', async () => {
    const running = heldEffect('running')
    const held = ledger.run(BOOK, running.start)
    await runAtOnce({ ...BOOK, exchange: 2 }, 'ended')
    const conversations = ['b', 'c', 'd']
    for (const conversation of conversations) await runAtOnce({ ...BOOK, conversation }, 'other')
    started = []
    const second = runAtOnce(BOOK, 'second')
    await runAtOnce({ ...BOOK, exchange: 2 }, 'forgotten')
    running.end()
    expect(await Promise.all([held, second])).toEqual([ok('running'), ok('running')])
    expect(started).toEqual(['forgotten'])
  })

  it('let outcomes go after their time, counted from when they were last asked for', async () => {
    await runAtOnce(BOOK, 'first')
    now = 999
    await runAtOnce(BOOK, 'second')
    now = 1998
    await runAtOnce(BOOK, 'third')
    now = 2998
    await runAtOnce(BOOK, 'fourth')
    expect(started).toEqual(['first', 'fourth'])
  })

  it('let conversations go whose results are too large together', async () => {
    const value = 'x'.repeat(12_000_000)
    const keep = (conversation: string) =>
      ledger.run({ ...BOOK, conversation }, async () => ({ ...ok('large'), value }))
    for (const conversation of ['a', 'b', 'c']) await keep(conversation)
    await runAtOnce({ ...BOOK, conversation: 'c' }, 'known')
    await runAtOnce(BOOK, 'forgotten')
    expect(started).toEqual(['forgotten'])
  })
})

describe('any interleaving of callers', () => {
  const call = fc.record({
    conversation: fc.constantFrom('a', 'b'),
    exchange: fc.constantFrom(1, 2),
    generation: fc.constantFrom(0, 1),
    tool: fc.constantFrom('book', 'cancel'),
    at: fc.constantFrom('ten', 'eleven'),
    ending: fc.constantFrom('ok' as const, 'failed' as const, 'broken' as const),
  })

  it('runs an effect at most once per key, and gives all the same outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(call, { minLength: 1, maxLength: 16 }),
        async (scheduler, calls) => {
          const fresh = createLedger({ retainMs: 1000, maxConversations: 9, now: () => 0 })
          const starts: string[] = []
          const outcomes = new Map<string, Set<ToolOutcome>>()
          const ends = calls.map(async ({ at, ending, ...place }, index) => {
            const name = JSON.stringify([place, at])
            await scheduler.schedule(Promise.resolve(), `call ${index} arrives`)
            const spelling = index % 2 === 0 ? `{"n":1,"at":"${at}"}` : `{"at":"${at}", "n":1}`
            const outcome = await fresh.run({ ...place, arguments: spelling }, async () => {
              starts.push(name)
              await scheduler.schedule(Promise.resolve(), `effect ${index} ends`)
              if (ending === 'broken') throw new Error('it broke')
              return { status: ending, content: name }
            })
            outcomes.set(name, (outcomes.get(name) ?? new Set()).add(outcome))
            if (outcome.status !== 'unknown') expect(outcome.content).toBe(name)
          })
          await scheduler.waitFor(Promise.all(ends))
          expect(new Set(starts).size).toBe(starts.length)
          for (const seen of outcomes.values()) expect(seen.size).toBe(1)
        },
      ),
    )
  })
})
