import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { TurnAnswer, TurnEvent } from '../../../src/turn/turn.ts'
import { END, fakeEngine } from '../../support/fake-engine.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { postText, rawHttp } from '../../support/raw-http.ts'

const CHAT = '/v1/chat/completions'
const BODY = { messages: [{ role: 'user', content: 'Hello' }], stream: true }

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })

describe('a caller who hangs up', () => {
  test.each([
    ['before the first event', []],
    ['after a keep-alive', [{ type: 'keep-alive' }]],
    ['in the middle of the answer', [text('Hello'), text(' there')]],
  ] as const)('%s aborts the turn at once, and the log says so', async (_, events) => {
    for (const streams of [true, false]) {
      const held = heldTurn(events)
      const app = await listeningApp({ engine: held.engine })
      const caller = await rawHttp(app.port)
      caller.socket.write(postText(CHAT, { ...BODY, stream: streams }))
      await held.started
      caller.socket.destroy()
      await held.aborted
      await app.close(10_000)
      const [line] = app.lines.filter((entry) => entry.message === 'turn ended')
      expect(line?.values).toMatchObject({ closedByCaller: true, finish: 'caller_gone' })
      expect(app.lines.filter((entry) => entry.level === 'error')).toEqual([])
    }
  })

  test('after [DONE] is no hang-up', async () => {
    const app = await listeningApp()
    const caller = await rawHttp(app.port)
    caller.socket.write(postText(CHAT, BODY))
    await caller.until('[DONE]')
    caller.socket.destroy()
    await app.close(10_000)
    const [line] = app.lines.filter((entry) => entry.message === 'turn ended')
    expect(line?.values).toMatchObject({ closedByCaller: false, finish: 'stop' })
  })
})

describe('a caller who reads slowly', () => {
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
    caller.socket.write(postText(CHAT, BODY))
    return { app, caller, pieces }
  }

  test('pauses the turn, which goes on when there is room again', async () => {
    const { caller, pieces } = await unreadAnswer()
    expect(await stalled(pieces)).toBeLessThan(PIECES)
    caller.socket.resume()
    await caller.until('[DONE]')
    expect(pieces.taken).toBe(PIECES)
    expect(caller.received().split(PIECE)).toHaveLength(PIECES + 1)
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
    caller.socket.write(postText(CHAT, BODY))
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
