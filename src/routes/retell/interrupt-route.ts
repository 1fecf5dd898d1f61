import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { TurnstateError } from '../../errors.ts'
import { refuseOpenServer } from '../authenticate.ts'
import { parseJsonBody } from '../openai/json-body.ts'
import type { FrontEnd } from '../sockets/front-end.ts'
import type { Interruption, LiveCalls } from './live-calls.ts'
import { DIGITS, isPhoneNumber, PhoneNumber, type RetellAction } from './options.ts'

interface Dependencies extends Pick<FrontEnd, 'app' | 'authenticate' | 'gate' | 'log'> {
  readonly actions: ReadonlyMap<string, RetellAction>
  readonly calls: LiveCalls
}

const Body = z.strictObject({
  content: z.string().max(10_000),
  /** Words that nobody asked for are easily spoken over. */
  no_interruption_allowed: z.boolean().default(true),
  end_call: z.literal(true).optional(),
  transfer_number: PhoneNumber.optional(),
  digit_to_press: z.enum(DIGITS).optional(),
  /** One of `retell.actions`, instead of these three. */
  action: z.string().optional(),
})
type Body = z.infer<typeof Body>

/** `POST /v1/retell/calls/:call_id/interrupt`: the agent says something unasked. */
export function interruptRoute({ app, authenticate, gate, log, ...own }: Dependencies): void {
  // Before the body is read: strangers do not get to send one.
  const onRequest = (request: FastifyRequest, _reply: unknown, done: () => void) => {
    request.caller = authenticate(request)
    refuseOpenServer(request.caller)
    done()
  }
  app.post<{ Params: { call_id: string } }>(
    '/v1/retell/calls/:call_id/interrupt',
    { onRequest },
    async (request) => {
      if (gate.isDraining()) throw new TurnstateError('draining', 'The server is stopping.')
      const { call_id: callId } = request.params
      const interruption = toInterruption(readBody(request.body), own.actions)
      const interruptId = own.calls.interrupt({ caller: request.caller, callId }, interruption)
      if (interruptId === null) throw new TurnstateError('not_found', NO_CALL)
      const characters = interruption.content.length
      log.info({ platform: 'retell', conversation: callId, characters }, 'the agent interrupts')
      return { call_id: callId, interrupt_id: interruptId }
    },
  )
}

const NO_CALL = 'No such call is connected to this server process'

function readBody(received: unknown): Body {
  const body = Body.safeParse(parseJsonBody(received).value)
  if (body.success) return body.data
  const [issue] = body.error.issues
  const [unknownKey] = issue?.code === 'unrecognized_keys' ? issue.keys : []
  const param = unknownKey ?? issue?.path.join('.') ?? ''
  throw invalid(issue?.message ?? 'The body is not valid', param)
}

function toInterruption(
  { action, ...body }: Body,
  actions: ReadonlyMap<string, RetellAction>,
): Interruption {
  const wanted = [body.end_call, body.transfer_number, body.digit_to_press, action]
  if (wanted.filter((each) => each !== undefined).length > 1) {
    throw invalid('Only one of end_call, transfer_number, digit_to_press and action', 'action')
  }
  const interruption = action === undefined ? body : { ...body, ...flagsOf(action, actions) }
  const doesSomething = wanted.some((each) => each !== undefined)
  if (interruption.content.trim() === '' && !doesSomething) {
    throw invalid('`content` must not be empty: there is nothing to say or do', 'content')
  }
  return interruption
}

function flagsOf(name: string, actions: ReadonlyMap<string, RetellAction>) {
  const action = actions.get(name)
  if (action?.type === 'end_call') return { end_call: true }
  if (action?.type === 'transfer_call' && isPhoneNumber(action.number ?? '')) {
    return { transfer_number: action.number }
  }
  if (action?.type === 'press_digit' && action.digit) return { digit_to_press: action.digit }
  const message = action
    ? 'This action needs more than its name: give end_call, transfer_number or digit_to_press'
    : 'There is no such action under retell.actions'
  throw invalid(message, 'action')
}

function invalid(message: string, param: string): TurnstateError {
  return new TurnstateError('invalid_request', message, { param })
}
