import { describe, expect, it } from 'vitest'
import { createBreaker, type Breaker, type Health } from '../../src/tools/breaker.ts'
import {
  createCaller,
  hang,
  ok,
  reset,
  startWebhook,
  status,
  type Step,
} from './webhook/scripted-webhook.ts'

interface Clocked {
  readonly breaker: Breaker
  readonly changes: readonly string[]
  readonly pass: (ms: number) => void
}

function create(): Clocked {
  const changes: string[] = []
  let now = 1000
  const breaker = createBreaker({ now: () => now, onChange: (state) => changes.push(state) })
  return { breaker, changes, pass: (ms) => (now += ms) }
}

/** False if the call was refused. */
function call(breaker: Breaker, health: Health): boolean {
  const report = breaker.begin()
  report?.(health)
  return report !== null
}

const calls = (breaker: Breaker, ...healths: readonly Health[]): readonly boolean[] =>
  healths.map((health) => call(breaker, health))

const FIVE = ['down', 'down', 'down', 'down', 'down'] as const

describe('a breaker', () => {
  it('opens after five failures in a row', () => {
    const { breaker, changes } = create()
    expect(calls(breaker, ...FIVE, 'up')).toEqual([true, true, true, true, true, false])
    expect(changes).toEqual(['open'])
  })

  it('begins to count anew after a success, and passes over what tells nothing', () => {
    const { breaker, changes } = create()
    const four = FIVE.slice(1)
    calls(breaker, ...four, 'up', ...four, 'unclear')
    expect(changes).toEqual([])
    calls(breaker, 'down')
    expect(changes).toEqual(['open'])
  })

  it('lets one call through after 10 s, and closes when that goes well', () => {
    const { breaker, changes, pass } = create()
    calls(breaker, ...FIVE)
    pass(9999)
    expect(breaker.begin()).toBeNull()
    pass(1)
    const probe = breaker.begin()
    expect(probe).not.toBeNull()
    expect(breaker.begin()).toBeNull()
    probe?.('up')
    expect(changes).toEqual(['open', 'closed'])
    expect(calls(breaker, 'down', 'down', 'down', 'down', 'up')).not.toContain(false)
  })

  it('stays open for another 10 s when the probe fails, and says nothing of it', () => {
    const { breaker, changes, pass } = create()
    calls(breaker, ...FIVE)
    pass(10_000)
    expect(call(breaker, 'down')).toBe(true)
    pass(9999)
    expect(call(breaker, 'up')).toBe(false)
    pass(1)
    expect(call(breaker, 'up')).toBe(true)
    expect(changes).toEqual(['open', 'closed'])
  })

  it('lets the next call be the probe when one told nothing', () => {
    const { breaker, pass } = create()
    calls(breaker, ...FIVE)
    pass(10_000)
    expect(calls(breaker, 'unclear', 'up')).toEqual([true, true])
  })

  it('learns nothing from calls that began before it opened', () => {
    const { breaker, changes, pass } = create()
    const [first, ...late] = Array.from({ length: 7 }, () => breaker.begin())
    calls(breaker, ...FIVE)
    first?.('up')
    expect(breaker.begin()).toBeNull()
    pass(9000)
    for (const report of late) report?.('down')
    pass(1000)
    expect(breaker.begin()).not.toBeNull()
    expect(changes).toEqual(['open'])
  })
})

describe('a webhook whose service is down', () => {
  const REFUSAL = {
    status: 'failed',
    content: '{"error":"this service is down just now; go on without it, or try again later"}',
    sent: false,
  }

  async function start(tool: object, ...steps: readonly Step[]) {
    let now = 0
    const server = await startWebhook(...steps)
    const caller = createCaller({ url: server.url, ...tool }, { now: () => now })
    const changes = (): readonly object[] =>
      caller.lines
        .filter(({ message }) => message === 'tool breaker changed')
        .map(({ values }) => values)
    return { server, caller, changes, pass: (ms: number) => (now += ms) }
  }

  it.each([
    ['500', status(500), {}],
    ['503', status(503), {}],
    ['a reset', reset, {}],
    ['silence', hang, { timeout_ms: 300 }],
  ] as const)('is left alone after five times %s, then asked again', async (_, step, more) => {
    const { server, caller, changes, pass } = await start(more, step, step, step, step, step, ok)
    for (let count = 0; count < 5; count += 1) await caller.run()
    expect([await caller.run(), await caller.run()]).toEqual([REFUSAL, REFUSAL])
    expect(server.received).toHaveLength(5)
    expect(changes()).toEqual([{ tool: 'tool', breaker: 'open' }])

    pass(10_000)
    expect(await caller.run()).toMatchObject({ status: 'ok' })
    expect(await caller.run()).toMatchObject({ status: 'ok' })
    expect(server.received).toHaveLength(7)
    expect(changes()).toEqual([
      { tool: 'tool', breaker: 'open' },
      { tool: 'tool', breaker: 'closed' },
    ])
  })

  it('is left alone when nobody listens there', async () => {
    const { caller } = await start({ url: 'http://127.0.0.1:1/', timeout_ms: 150 })
    for (let count = 0; count < 5; count += 1) await caller.run()
    expect(await caller.run()).toEqual(REFUSAL)
  })

  it('is asked again while it only refuses', async () => {
    const { server, caller } = await start({}, status(409))
    for (let count = 0; count < 7; count += 1) await caller.run()
    expect(server.received).toHaveLength(7)
  })

  it('is not thought down because callers hang up', async () => {
    const { server, caller } = await start({}, hang)
    for (let count = 1; count <= 6; count += 1) {
      const turn = new AbortController()
      const outcome = caller.run({ signal: turn.signal })
      await server.waitFor(count)
      turn.abort()
      expect(await outcome).toMatchObject({ status: 'unknown' })
    }
  })

  it('has one breaker for each tool', async () => {
    const down = await start({}, status(500))
    const up = await start({}, ok)
    for (let count = 0; count < 6; count += 1) await down.caller.run()
    expect(await up.caller.run()).toMatchObject({ status: 'ok' })
  })
})
