import { z } from 'zod'
import { AgentConfig, DIGITS, PhoneNumber } from './options.ts'

const Id = z.int().min(0)

/** What Retell does once the words were spoken; at most one of the three, and never when they are spoken over. */
const afterWords = {
  end_call: z.boolean().optional(),
  transfer_number: PhoneNumber.optional(),
  digit_to_press: z.enum(DIGITS).optional(),
}
const words = {
  content: z.string(),
  content_complete: z.boolean(),
  no_interruption_allowed: z.boolean().optional(),
  ...afterWords,
}

// Retell drops a frame with a value of a wrong type, and only its own log tells.
export const OutgoingFrame = z.discriminatedUnion('response_type', [
  z.strictObject({
    response_type: z.literal('config'),
    config: z.strictObject({
      auto_reconnect: z.boolean(),
      call_details: z.boolean(),
      transcript_with_tool_calls: z.boolean(),
    }),
  }),
  z.strictObject({ response_type: z.literal('ping_pong'), timestamp: z.number() }),
  z.strictObject({
    response_type: z.literal('response'),
    response_id: Id,
    ...words,
    show_transferee_as_caller: z.boolean().optional(),
  }),
  z.strictObject({ response_type: z.literal('agent_interrupt'), interrupt_id: Id, ...words }),
  z.strictObject({
    response_type: z.literal('tool_call_invocation'),
    tool_call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    response_type: z.literal('tool_call_result'),
    tool_call_id: z.string(),
    content: z.string(),
    successful: z.boolean(),
  }),
  z.strictObject({ response_type: z.literal('update_agent'), agent_config: AgentConfig }),
  z.strictObject({ response_type: z.literal('metadata'), metadata: z.unknown() }),
])
export type OutgoingFrame = z.infer<typeof OutgoingFrame>
type ResponseFrame = Extract<OutgoingFrame, { readonly response_type: 'response' }>

/** What the last frame of an answer asks Retell to do. */
export type ResponseFlags = Pick<
  ResponseFrame,
  | 'end_call'
  | 'transfer_number'
  | 'show_transferee_as_caller'
  | 'digit_to_press'
  | 'no_interruption_allowed'
>

export type SendFrame = (frame: OutgoingFrame) => void | Promise<void>

export const CONFIG: OutgoingFrame = {
  response_type: 'config',
  config: { auto_reconnect: true, call_details: true, transcript_with_tool_calls: true },
}

/** The agent may speak from now on, and says nothing by itself. */
export const NO_GREETING: OutgoingFrame = {
  response_type: 'response',
  response_id: 0,
  content: '',
  content_complete: true,
}
