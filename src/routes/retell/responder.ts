import type { TurnRequest } from '../../turn/turn-request.ts'
import type { FrontEnd } from '../sockets/front-end.ts'
import { createSocketTurns } from '../sockets/socket-turns.ts'
import type { VoiceSocket } from '../sockets/voice-socket.ts'
import type { JsonObject } from '../json-object.ts'
import { createAnswer } from './answer.ts'
import { goOn } from './turn-requests.ts'
import type { Message } from './action-calls.ts'
import type { RetellAction } from './options.ts'
import type { SendFrame } from './outgoing-frame.ts'

interface Dependencies extends Pick<FrontEnd, 'engine' | 'gate' | 'withTurnLog' | 'log'> {
  readonly socket: VoiceSocket
  readonly send: SendFrame
  readonly actions: ReadonlyMap<string, RetellAction>
  readonly showsTools: boolean
}

/** Says answers on a connection, one at a time. */
export interface Responder {
  /** Answers under this `response_id`; nothing more is said under an older one. */
  respond(id: number, request: TurnRequest): Promise<void>
  /** Nothing more is said of what is being answered. */
  silence(): void
  /** The server stops: leaves when what is being said has been said. */
  drain(): void
}

/** Of one answer; in the last one the model is offered no more actions. */
const MAX_STEPS = 4

export function createResponder(dependencies: Dependencies): Responder {
  const { socket, engine, log } = dependencies
  const turns = createSocketTurns({
    ...dependencies,
    gone: socket.gone,
    leave: () => socket.drop(),
  })
  /** Who may speak now; another one for each answer. */
  let current: object | null = null
  let isDraining = false

  async function variablesAfter(request: TurnRequest, step: readonly Message[]) {
    try {
      const { variables } = await engine.derive(goOn(request, step, true))
      return variables
    } catch (err) {
      log.error({ err, platform: 'retell' }, 'the variables of an action are not known')
      const none: JsonObject = {}
      return none
    }
  }

  return {
    async respond(id, asked) {
      const own = (current = {})
      const isCurrent = () => current === own && !socket.gone.aborted
      let request = asked
      const answer = createAnswer({
        ...dependencies,
        id,
        isCurrent,
        flushed: () => socket.flushed(),
        canGoOn: () => !isDraining,
        variablesAfter: (step) => variablesAfter(request, step),
        keepUndelivered: () => turns.stop(),
      })
      for (let steps = 1; ; steps++) {
        await turns.answer(request, answer.speaker)
        const step = answer.takeStep()
        if (!step || !isCurrent()) break
        request = goOn(request, step, steps + 1 < MAX_STEPS)
      }
      // An answer that ends with calls has left the turns before its end.
      if (isDraining && isCurrent()) socket.drop()
    },
    silence() {
      current = null
      turns.stop()
    },
    drain() {
      isDraining = true
      turns.drain()
    },
  }
}
