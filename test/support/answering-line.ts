import { vi } from 'vitest'
import { TurnstateError, type ErrorCode } from '../../src/errors.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createTurnLog } from '../../src/routes/logged-turn.ts'
import { createSocketTurns, type Speaker } from '../../src/routes/sockets/socket-turns.ts'
import { createTurnGate } from '../../src/routes/turn-gate.ts'
import type { TurnAnswer, TurnEngine } from '../../src/turn/turn.ts'
import { fakeEngine, type FakeEngine } from './fake-engine.ts'
import { createGate, type Gate } from './gate.ts'
import { recordingLog } from './listening-app.ts'

/** The turns of one connection, and what the test may do to it. */
export function answeringLine(engine: TurnEngine, { maxConcurrentTurns = 10 } = {}) {
  const { log, lines } = recordingLog()
  const gate = createTurnGate({ maxConcurrentTurns })
  const gone = new AbortController()
  const leave = vi.fn()
  const withTurnLog = createTurnLog({ log, metrics: createMetrics(null) })
  const options = { engine, gate, log, withTurnLog, gone: gone.signal, leave }
  return { turns: createSocketTurns(options), gate, gone, leave, lines }
}

type Ways = Partial<Pick<Speaker, 'onText' | 'onEnd'>>

/** Notes what it is to say; `ways` tell how long that takes. */
export function speakerThat(ways: Ways = {}) {
  const said: string[] = []
  const speaker: Speaker = {
    onText(text) {
      said.push(text)
      return ways.onText?.(text)
    },
    onCall: ({ name }) => void said.push(`call ${name}`),
    onServerTool: ({ type }) => void said.push(`tool ${type}`),
    async onEnd(end) {
      said.push(`end ${end.finishReason}${end.isSuperseded ? ' superseded' : ''}`)
      await ways.onEnd?.(end)
    },
  }
  return { speaker, said }
}

/** No turn can even begin. */
export function unableEngine(code: ErrorCode): TurnEngine {
  const begin = () => Promise.reject(new TurnstateError(code, 'It failed.'))
  return { ...fakeEngine(), begin }
}

/** Each beginning waits for the test; the first ones end in these errors. */
export function slowEngine(errors: readonly Error[] = [], run?: TurnAnswer['run']) {
  const begins: Gate[] = []
  const ready = fakeEngine(run && { run })
  const engine: FakeEngine = {
    ...ready,
    async begin(request) {
      const gate = createGate()
      begins.push(gate)
      const error = errors[begins.length - 1]
      const begun = await ready.begin(request)
      await gate.released
      if (error) throw error
      return begun
    },
  }
  return { engine, begins }
}
