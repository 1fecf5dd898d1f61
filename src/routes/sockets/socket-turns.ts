import { TurnstateError, type ErrorCode } from '../../errors.ts'
import type { Log } from '../../observability/log.ts'
import type {
  ServerToolEvent,
  TurnAnswer,
  TurnEnd,
  TurnEngine,
  TurnEvent,
} from '../../turn/turn.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import type { createTurnLog } from '../logged-turn.ts'
import type { TurnGate } from '../turn-gate.ts'

/** What every front end on a socket needs of the server. */
export interface SocketTurnDependencies {
  readonly engine: TurnEngine
  readonly gate: TurnGate
  readonly withTurnLog: ReturnType<typeof createTurnLog>
  readonly log: Log
}

/** How a front end says one answer. Nothing is called any more once another request took its place. */
export interface Speaker {
  /** The promise pauses the turn. */
  onText(text: string): void | Promise<void>
  onCall(call: Extract<TurnEvent, { readonly type: 'tool-call' }>['call']): void
  onServerTool?(event: ServerToolEvent): void
  /** The answer is whole: resolves once its end has left. */
  onEnd(end: SpokenEnd): Promise<void>
}

export type SpokenEnd = Pick<TurnEnd, 'finishReason' | 'isSuperseded'>

/** The turns of one connection: only the newest request is answered, and every answer has an end. */
export interface SocketTurns {
  /** Answers a request; whatever was being answered is over. Never rejects. */
  answer(request: TurnRequest, speaker: Speaker): Promise<void>
  /** Nothing more is said of what is being answered. */
  stop(): void
  readonly isAnswering: () => boolean
  /** The server stops: leaves when what is being said has been said. */
  drain(): void
}

interface Options extends SocketTurnDependencies {
  readonly gone: AbortSignal
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
  draining: 'leave',
  upstream_failed: 'apologise',
  upstream_timeout: 'apologise',
  caller_gone: 'nothing',
  store_unavailable: 'apologise',
  internal: 'apologise',
} as const satisfies Record<ErrorCode, 'apologise' | 'leave' | 'nothing'>

export function createSocketTurns({ engine, gate, log, gone, ...options }: Options): SocketTurns {
  let current: AbortController | null = null
  let isDraining = false

  function stop(): void {
    current?.abort()
    current = null
  }
  gone.addEventListener('abort', stop, { once: true })

  function run(turn: TurnAnswer, speaker: Speaker, own: AbortController): Promise<TurnEnd> {
    return turn.run({
      signal: own.signal,
      streams: true,
      speaksFailures: true,
      onEvent(event) {
        if (own.signal.aborted) return
        if (event.type === 'text-delta') return speaker.onText(event.text)
        if (event.type === 'tool-call') speaker.onCall(event.call)
      },
      onServerTool: (event) => {
        if (!own.signal.aborted) speaker.onServerTool?.(event)
      },
    })
  }

  async function say(request: TurnRequest, speaker: Speaker, own: AbortController): Promise<void> {
    const startedAt = performance.now()
    await gate.pass(null, async (waitFor) => {
      const begun = await engine.begin(request)
      waitFor(begun.ended)
      const turn = options.withTurnLog(begun, { request, startedAt })
      const end = await run(turn, speaker, own)
      if (own.signal.aborted) return
      await speaker.onEnd(end)
      if (!own.signal.aborted) turn.delivered()
    })
  }

  /** The caller hears of it, and the answer ends. */
  async function fail(error: unknown, speaker: Speaker, own: AbortController): Promise<void> {
    const code = error instanceof TurnstateError ? error.code : 'internal'
    const consequence = ON_FAILURE[code]
    if (consequence === 'nothing' || own.signal.aborted) return
    if (code === 'internal') log.error({ err: error }, 'turn failed')
    else log.warn({ code }, 'turn refused')
    if (consequence === 'leave') return options.leave()
    await speaker.onText(engine.apology)
    await speaker.onEnd({ finishReason: 'stop', isSuperseded: false })
  }

  return {
    async answer(request, speaker) {
      stop()
      if (gone.aborted) return
      const own = new AbortController()
      current = own
      try {
        await say(request, speaker, own).catch((error: unknown) => fail(error, speaker, own))
      } catch (err) {
        log.error({ err }, 'an answer could not be ended')
        if (!own.signal.aborted) options.leave()
      } finally {
        if (current === own) {
          current = null
          if (isDraining) options.leave()
        }
      }
    },
    stop,
    isAnswering: () => current !== null,
    drain() {
      isDraining = true
      if (!current) options.leave()
    },
  }
}
