import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { TurnAnswer, TurnEvent } from '../../../src/turn/turn.ts'
import { END, fakeEngine } from '../../support/fake-engine.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { postText, rawHttp } from '../../support/raw-http.ts'

/** Each API: its route, what asks it for a stream, and how often that tells the text (in deltas, in summaries). */
const APIS = [
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }], stream: true }, 1],
  ['/v1/responses', { input: 'Hello', stream: true }, 5],
] as const

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })

describe.each(APIS)('a caller of %s who hangs up', (route, body) => {
  test.each([
    ['before the first event', []],
    ['after a keep-alive', [{ type: 'keep-alive' }]],
    ['in the middle of the answer', [text('Hello'), text(' there')]],
  ] as const)('%s aborts the turn at once, and the log says so', async (_, events) => {
    for (const stream of [true, false]) {
      const held = heldTurn(events)
      const app = await listeningApp({ engine: held.engine })
      const caller = await rawHttp(app.port)
      caller.socket.write(postText(route, { ...body, stream }))
      await held.started
      caller.socket.destroy()
      await held.aborted
      await app.close(10_000)
      const [line] = app.lines.filter((entry) => entry.message === 'turn ended')
      expect(line?.values).toMatchObject({ stream, closedByCaller: true, finish: 'caller_gone' })
      expect(app.lines.filter((entry) => entry.level === 'error')).toEqual([])
      expect(held.engine.delivered).toEqual([])
    }
  })

  test('after [DONE] has had the whole answer', async () => {
    const engine = fakeEngine()
    const app = await listeningApp({ engine })
    const caller = await rawHttp(app.port)
    caller.socket.write(postText(route, body))
    await caller.until('[DONE]')
    caller.socket.destroy()
    await app.close(10_000)
    const [line] = app.lines.filter((entry) => entry.message === 'turn ended')
    expect(line?.values).toMatchObject({ closedByCaller: false, finish: 'stop' })
    expect(engine.delivered).toHaveLength(1)
  })
})

describe.each(APIS)('a caller of %s who stays', (route, body) => {
  test('is waited for by a server that stops, while the answer goes on', async () => {
    const held = heldTurn([text('Wait. ')])
    const app = await listeningApp({ engine: held.engine })
    const caller = await rawHttp(app.port)
    caller.socket.write(postText(route, body))
    await caller.until('Wait. ')
    const closed = app.close(10_000)
    held.release()
    await closed
    expect(await caller.closed()).toContain('[DONE]')
  })
})

describe.each(APIS)('a caller of %s who reads slowly', (route, body, timesTold) => {
  // More than the kernel keeps for both sockets.
  const PIECE = 'x'.repeat(400_000)
  const PIECES = 60

  function flood() {
    const pieces = { taken: 0 }
    const run: TurnAnswer['run'] = async (listener) => {
      while (pieces.taken < PIECES && !listener.signal.aborted) {
        await listener.onEvent(text(PIECE))
        pieces.taken += 1
      }
      return END
    }
    return { engine: fakeEngine({ run }), pieces }
  }

  async function stalled(pieces: { readonly taken: number }): Promise<number> {
    for (;;) {
      const before = pieces.taken
      await sleep(20)
      if (before > 0 && pieces.taken === before) return before
    }
  }

  async function unreadAnswer(options: Parameters<typeof listeningApp>[0] = {}) {
    const { engine, pieces } = flood()
    const app = await listeningApp({ engine, ...options })
    const caller = await rawHttp(app.port)
    caller.socket.pause()
    caller.socket.write(postText(route, body))
    return { app, caller, pieces }
  }

  test('pauses the turn, which goes on when there is room again', async () => {
    const { caller, pieces } = await unreadAnswer()
    expect(await stalled(pieces)).toBeLessThan(PIECES)
    caller.socket.resume()
    await caller.until('[DONE]')
    expect(pieces.taken).toBe(PIECES)
    expect(caller.received().split(PIECE)).toHaveLength(PIECES * timesTold + 1)
  })

  test('is waited for once, however many events come meanwhile', async () => {
    const waits: unknown[] = []
    const run: TurnAnswer['run'] = async (listener) => {
      for (let piece = 0; piece < PIECES; piece++) waits.push(listener.onEvent(text(PIECE)))
      await Promise.all(waits)
      waits.push(listener.onEvent(text('x')))
      return END
    }
    const { port } = await listeningApp({ engine: fakeEngine({ run }) })
    const caller = await rawHttp(port)
    caller.socket.pause()
    caller.socket.write(postText(route, body))
    while (waits.length < PIECES) await sleep(5)
    const promises = waits.filter((wait) => wait !== undefined)
    expect(promises.length).toBeGreaterThan(10)
    expect(new Set(promises).size).toBe(1)
    caller.socket.resume()
    await caller.until('[DONE]')
    expect(waits.at(-1)).not.toBe(promises[0])
  })

  test('and hangs up while the turn is paused ends it', async () => {
    const { app, caller, pieces } = await unreadAnswer()
    await stalled(pieces)
    caller.socket.destroy()
    await app.close(10_000)
    expect(app.lines).toMatchObject([{ message: 'turn ended', values: { closedByCaller: true } }])
  })

  test('or not at all is hung up on after a while', async () => {
    const { app } = await unreadAnswer({ timeouts: { drainMs: 30 } })
    while (app.lines.length === 0) await sleep(5)
    expect(app.lines).toMatchObject([{ message: 'turn ended', values: { closedByCaller: true } }])
  })
})
