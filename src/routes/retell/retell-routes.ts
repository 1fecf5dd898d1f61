import type { FastifyRequest } from 'fastify'
import { TurnstateError } from '../../errors.ts'
import { RETELL_PATH } from '../canonical-url.ts'
import type { FrontEnd } from '../sockets/front-end.ts'
import { createUnknownTypes } from '../sockets/unknown-types.ts'
import { interruptRoute } from './interrupt-route.ts'
import { createLiveCalls } from './live-calls.ts'
import type { RetellOptions } from './options.ts'
import { openRetellCall } from './retell-call.ts'
import { createSourceCheck } from './source-addresses.ts'

/** `WS /llm-websocket/:call_id`: Retell dials one connection per call. */
export function retellRoutes(frontEnd: FrontEnd, options: RetellOptions): void {
  const { sockets, authenticate, log } = frontEnd
  const isAllowed = createSourceCheck(options)
  const actions = new Map(Object.entries(options.actions))
  const calls = createLiveCalls()
  const dependencies = {
    ...frontEnd,
    options,
    actions,
    calls,
    noteUnknown: createUnknownTypes(log, 'retell'),
  }
  sockets.serve({
    path: `/${RETELL_PATH}/:call_id`,
    platform: 'retell',
    authenticate(request) {
      if (!isAllowed(request)) throw new TurnstateError('unauthorized', REFUSAL)
      return authenticate(request)
    },
    accept: (socket, opening) =>
      openRetellCall({ ...opening, socket, callId: callIdOf(opening.request) }, dependencies),
  })
  interruptRoute(dependencies)
}

const REFUSAL = 'Connections from this address are not allowed'

function callIdOf({ params }: FastifyRequest): string {
  const { call_id: callId } = params as { readonly call_id: string } // as the path names it
  return callId
}
