import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { TurnAnswer, TurnEvent } from '../../../src/turn/turn.ts'
import { END, fakeEngine } from '../../support/fake-engine.ts'
import { heldTurn } from '../../support/held-turn.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { postText, rawHttp } from '../../support/raw-http.ts'

const RESPONSES = '/v1/responses'
const BODY = { input: 'Hello', stream: true }

const text = (words: string): TurnEvent => ({ type: 'text-delta', text: words })

describe('a caller of /v1/responses who hangs up', () => {
  test.each([
    ['before the first event', []],
    ['after a keep-alive', [{ type: 'keep-alive' }]],
    ['in the middle of the answer', [text('Hello'), text(' there')]],
  ] as const)('%s aborts the turn at once, and the log says so', async (_, events) => {
    for (const stream of [true, false]) {
      const held = heldTurn(events)
      const app = await listeningApp({ engine: held.engine })
      const caller = await rawHttp(app.port)
      caller.socket.write(postText(RESPONSES, { ...BODY, stream }))
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
    caller.socket.write(postText(RESPONSES, BODY))
    await caller.until('[DONE]')
    caller.socket.destroy()
    await app.close(10_000)
    const [line] = app.lines.filter((entry) => entry.message === 'turn ended')
    expect(line?.values).toMatchObject({ closedByCaller: false, finish: 'stop' })
    expect(engine.delivered).toHaveLength(1)
  })

  test('is waited for by a server that stops, while the answer goes on', async () => {
    const held = heldTurn([text('Wait. ')])
    const app = await listeningApp({ engine: held.engine })
    const caller = await rawHttp(app.port)
    caller.socket.write(postText(RESPONSES, BODY))
    await caller.until('Wait. ')
    const closed = app.close(10_000)
    held.release()
    await closed
    expect(await caller.closed()).toContain('[DONE]')
  })
})

describe('a caller of /v1/responses who reads slowly', () => {
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

  async function unreadAnswer(options: Parameters<typeof listeningApp>[0] = {}) {
    const { engine, pieces } = flood()
    const app = await listeningApp({ engine, ...options })
    const caller = await rawHttp(app.port)
    caller.socket.pause()
    caller.socket.write(postText(RESPONSES, BODY))
    for (let before = -1; before < 1 || before !== pieces.taken;) {
      before = pieces.taken
      await sleep(20)
    }
    return { app, caller, pieces }
  }

  test('pauses the turn, which goes on when there is room again', async () => {
    const { caller, pieces } = await unreadAnswer()
    expect(pieces.taken).toBeLessThan(PIECES)
    caller.socket.resume()
    await caller.until('"response.output_text.done"')
    expect(pieces.taken).toBe(PIECES)
    await caller.until('[DONE]')
  })

  test('or not at all is hung up on after a while', async () => {
    const { app } = await unreadAnswer({ timeouts: { drainMs: 30 } })
    while (app.lines.length === 0) await sleep(5)
    expect(app.lines).toMatchObject([{ message: 'turn ended', values: { closedByCaller: true } }])
  })
})
