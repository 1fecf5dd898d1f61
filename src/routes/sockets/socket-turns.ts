import type { Log } from '../../observability/log.ts'
import type { ServerToolEvent, TurnEnd, TurnEngine, TurnEvent } from '../../turn/turn.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import type { createTurnLog } from '../logged-turn.ts'
import type { TurnGate } from '../turn-gate.ts'
import { createBeginnings } from './beginnings.ts'
import { sayAnswer } from './say-answer.ts'

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

export type SpokenEnd = Pick<TurnEnd, 'finishReason' | 'isSuperseded' | 'isFailed'>

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

export function createSocketTurns(options: Options): SocketTurns {
  const { engine, gone, leave, log } = options
  const dependencies = { ...options, beginnings: createBeginnings(engine) }
  let current: AbortController | null = null
  let isDraining = false

  function take(next: AbortController | null): void {
    current?.abort()
    current = next
  }

  function rest(): void {
    current = null
    if (isDraining) leave()
  }

  gone.addEventListener('abort', () => take(null), { once: true })
  return {
    async answer(request, speaker) {
      if (gone.aborted) return
      const own = new AbortController()
      take(own)
      try {
        await sayAnswer({ request, speaker, signal: own.signal }, dependencies)
      } catch (err) {
        log.error({ err }, 'an answer could not be ended')
        if (current === own) leave()
      }
      if (current === own) rest()
    },
    stop() {
      take(null)
      rest()
    },
    isAnswering: () => current !== null,
    drain() {
      isDraining = true
      if (!current) rest()
    },
  }
}
