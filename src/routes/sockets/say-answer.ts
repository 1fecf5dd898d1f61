import { TurnstateError, type ErrorCode } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type { TurnListener } from '../../turn/turn.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import type { Beginnings } from './beginnings.ts'
import type { SocketTurnDependencies, Speaker, SpokenEnd } from './socket-turns.ts'

interface Asked {
  readonly request: TurnRequest
  readonly speaker: Speaker
  /** Aborted when another request took its place, or the connection is over. */
  readonly signal: AbortSignal
}

interface Dependencies extends SocketTurnDependencies {
  readonly beginnings: Beginnings
  /** Ends the connection since the server stops. */
  readonly leave: () => void
}

/** What a failure means on a connection, where there is no status code and silence hangs a call up. */
const ON_FAILURE = {
  invalid_request: 'apologise',
  unauthorized: 'apologise',
  not_found: 'apologise',
  body_too_large: 'apologise',
  overloaded: 'apologise',
  rate_limited: 'apologise',
  draining: 'leave',
  upstream_failed: 'apologise',
  upstream_timeout: 'apologise',
  // Some other request took its place.
  caller_gone: 'yield',
  store_unavailable: 'apologise',
  internal: 'apologise',
} as const satisfies Record<ErrorCode, 'apologise' | 'leave' | 'yield'>

/** Says an answer, which has an end whatever happens; rejects if that could not be said. */
export async function sayAnswer(asked: Asked, dependencies: Dependencies): Promise<void> {
  const { speaker } = asked
  const { engine, leave, log } = dependencies
  const progress = { isEnding: false }
  const end = async (how: SpokenEnd): Promise<void> => {
    progress.isEnding = true
    await speaker.onEnd(how)
  }
  try {
    await runTurn(asked, dependencies, end)
  } catch (error) {
    if (isOver(asked)) return
    if (progress.isEnding) throw error
    const consequence = consequenceOf(error, log)
    if (consequence === 'leave') {
      leave()
      return
    }
    const isFailed = consequence === 'apologise'
    if (isFailed) await speaker.onText(engine.apology)
    if (!isOver(asked)) await end({ finishReason: 'stop', isSuperseded: !isFailed, isFailed })
  }
}

async function runTurn(
  asked: Asked,
  { gate, withTurnLog, beginnings }: Dependencies,
  end: Speaker['onEnd'],
): Promise<void> {
  const { request } = asked
  const startedAt = performance.now()
  // Not within the gate: who talks fast takes nobody's place.
  await beginnings.free()
  if (isOver(asked)) return
  await gate.pass(null, async (waitFor) => {
    const begun = await beginnings.begin(request)
    waitFor(begun.ended)
    const turn = withTurnLog(begun, { request, startedAt })
    // Also if nobody listens any more: that is how the turn comes to know.
    const how = await turn.run(toListener(asked))
    if (isOver(asked)) return
    await end(how)
    if (!isOver(asked)) turn.delivered()
  })
}

function toListener(asked: Asked): TurnListener {
  const { speaker, signal } = asked
  return {
    signal,
    streams: true,
    speaksFailures: true,
    onEvent(event) {
      if (isOver(asked)) return
      if (event.type === 'text-delta') return speaker.onText(event.text)
      if (event.type === 'tool-call') speaker.onCall(event.call)
    },
    onServerTool(event) {
      if (!isOver(asked)) speaker.onServerTool?.(event)
    },
  }
}

/** Asked anew each time: it changes while one waits. */
function isOver({ signal }: Asked): boolean {
  return signal.aborted
}

function consequenceOf(error: unknown, log: Log) {
  const code = error instanceof TurnstateError ? error.code : 'internal'
  if (code === 'internal') log.error({ err: error }, 'turn failed')
  else log.warn({ code }, 'turn refused')
  return ON_FAILURE[code]
}
