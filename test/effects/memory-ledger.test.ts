import { beforeEach, describe, expect, it } from 'vitest'
import type { Effect, EffectKey, Ledger } from '../../src/effects/ledger.ts'
import { createMemoryLedger } from '../../src/effects/memory-ledger.ts'
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
  ledger = createMemoryLedger({
    secret: 'secret',
    retainMs: 1000,
    maxConversations: 3,
    now: () => now,
  })
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

/** An effect that others wait for as long as it takes. */
function effectOf(start: Effect['start'], more: Partial<Effect> = {}): Effect {
  return { start, isIdempotent: false, waitMs: 60_000, ...more }
}

function runAtOnce(key: EffectKey, name: string): ReturnType<Ledger['run']> {
  const start = async () => {
    started.push(name)
    return ok(name)
  }
  return ledger.run(key, effectOf(start))
}

describe('the ledger', () => {
  it('gives a second caller the outcome of the effect that is running', async () => {
    const first = heldEffect('first')
    const answers = [ledger.run(BOOK, effectOf(first.start)), runAtOnce(BOOK, 'second')]
    first.end()
    expect(await Promise.all(answers)).toEqual([ok('first'), ok('first')])
    expect(started).toEqual(['first'])
  })

  it('gives a later caller the outcome of the effect that has ended, whatever it was', async () => {
    const failed: ToolOutcome = { status: 'failed', content: 'taken' }
    await ledger.run(
      BOOK,
      effectOf(async () => failed),
    )
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
      { ...BOOK, isUndo: true },
    ]
    const outcomes = await Promise.all([BOOK, ...others].map((key, at) => runAtOnce(key, `${at}`)))
    expect(outcomes).toEqual(['0', '1', '2', '3', '4', '5', '6'].map(ok))
  })

  it('remembers an effect that broke as unknown and does not run it again', async () => {
    const broken = heldEffect('broken')
    const answer = ledger.run(BOOK, effectOf(broken.start))
    broken.fail()
    expect(await answer).toMatchObject({ status: 'unknown' })
    expect(await runAtOnce(BOOK, 'second')).toEqual(await answer)
    expect(started).toEqual(['broken'])
  })

  it('remembers an effect that threw before it gave a promise', async () => {
    const thrown = effectOf(() => {
      throw new Error('hidden')
    })
    const outcome = await ledger.run(BOOK, thrown)
    expect(outcome).toMatchObject({ status: 'unknown' })
    expect(JSON.stringify(outcome)).not.toContain('hidden')
  })
})

describe('what may be tried again', () => {
  const unsent: ToolOutcome = { status: 'failed', content: 'no connection', sent: false }
  const unknown: ToolOutcome = { status: 'unknown', content: 'who knows' }
  const giving = (outcome: ToolOutcome, more: Partial<Effect> = {}) =>
    effectOf(async () => outcome, more)

  it('is what was never sent, though those who waited are told of it', async () => {
    const { promise, resolve } = withResolvers<ToolOutcome>()
    const answers = [
      ledger.run(
        BOOK,
        effectOf(() => promise),
      ),
      runAtOnce(BOOK, 'joined'),
    ]
    resolve(unsent)
    expect(await Promise.all(answers)).toEqual([unsent, unsent])
    expect(await ledger.outcomeOf(BOOK, 0)).toBeNull()
    expect(await runAtOnce(BOOK, 'second')).toEqual(ok('second'))
  })

  it('is what is unknown and idempotent, once for each call', async () => {
    await ledger.run(BOOK, giving(unknown))
    const keys: string[] = []
    const again = effectOf(
      async (key) => {
        keys.push(key)
        return keys.length < 2 ? unknown : ok('done')
      },
      { isIdempotent: true },
    )
    expect(await ledger.run(BOOK, again)).toEqual(unknown)
    expect(await ledger.run(BOOK, again)).toEqual(ok('done'))
    expect(await ledger.run(BOOK, again)).toEqual(ok('done'))
    expect(keys).toEqual([ledger.idOf(BOOK), ledger.idOf(BOOK)])
  })

  it('stays unknown when the second try never left or nobody wanted it any more', async () => {
    await ledger.run(BOOK, giving(unknown))
    expect(await ledger.run(BOOK, giving(unsent, { isIdempotent: true }))).toEqual(unknown)
    const barred = giving(ok('done'), { isIdempotent: true, isBarred: () => true })
    expect(await ledger.run(BOOK, barred)).toEqual(unknown)
    expect(await ledger.outcomeOf(BOOK, 0)).toEqual(unknown)
  })
})

describe('an effect that nobody wants any more', () => {
  it('is not begun, and can be later', async () => {
    const never = effectOf(() => Promise.reject(new Error('begun')), { isBarred: () => true })
    expect(await ledger.run(BOOK, never)).toBe('barred')
    expect(await runAtOnce(BOOK, 'second')).toEqual(ok('second'))
  })

  it('is asked for right before it begins', async () => {
    const steps: string[] = []
    const isBarred = () => {
      void Promise.resolve().then(() => steps.push('later'))
      return false
    }
    const start = async () => {
      steps.push('begun')
      return ok('done')
    }
    await ledger.run(BOOK, effectOf(start, { isBarred }))
    expect(steps).toEqual(['begun', 'later'])
  })
})

describe('one who waits', () => {
  it('is told after their time that it is still being done, which is not remembered', async () => {
    const held = heldEffect('held')
    const first = ledger.run(BOOK, effectOf(held.start))
    const impatient = effectOf(held.start, { waitMs: 1 })
    const answer = await ledger.run(BOOK, impatient)
    expect(answer).toMatchObject({ status: 'unknown' })
    expect(JSON.stringify(answer)).toContain('still being done')
    expect(await ledger.outcomeOf(BOOK, 1)).toBe('running')
    held.end()
    expect(await first).toEqual(ok('held'))
    expect(await ledger.run(BOOK, impatient)).toEqual(ok('held'))
    expect(started).toEqual(['held'])
  })

  it('learns of an outcome as soon as there is one', async () => {
    const held = heldEffect('held')
    expect(await ledger.outcomeOf(BOOK, 60_000)).toBeNull()
    const first = ledger.run(BOOK, effectOf(held.start))
    const asked = ledger.outcomeOf(BOOK, 60_000)
    held.end()
    expect(await Promise.all([first, asked])).toEqual([ok('held'), ok('held')])
    expect(await ledger.outcomeOf(BOOK, 60_000)).toEqual(ok('held'))
  })
})

describe('the name of a wish', () => {
  const named = (secret: string, key: EffectKey) =>
    createMemoryLedger({ secret, retainMs: 1, maxConversations: 1, now: () => 0 }).idOf(key)

  it('depends on the secret and tells nothing', () => {
    expect(named('one', BOOK)).toBe(named('one', BOOK))
    expect(named('one', BOOK)).not.toBe(named('two', BOOK))
    expect(named('one', BOOK)).toMatch(/^[A-Za-z0-9_-]{43}$/)
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
    const held = ledger.run(BOOK, effectOf(running.start))
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
    const held = ledger.run(BOOK, effectOf(running.start))
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
      ledger.run(
        { ...BOOK, conversation },
        effectOf(async () => ({ ...ok('large'), value })),
      )
    for (const conversation of ['a', 'b', 'c']) await keep(conversation)
    await runAtOnce({ ...BOOK, conversation: 'c' }, 'known')
    await runAtOnce(BOOK, 'forgotten')
    expect(started).toEqual(['forgotten'])
  })
})
