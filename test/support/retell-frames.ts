import type { AgentResponse } from 'retell-sdk/resources/agent'
import type { PhoneCallResponse } from 'retell-sdk/resources/call'
import { z } from 'zod'
import type { Frame } from './voice-line.ts'

/*
 * Retell's side of the wire. Its SDK has no types for the frames of this socket; it has those of what
 * stands in them: the items of a transcript, the call, and the agent's settings.
 */

/** Something that Retell's transcript shows. */
export type TranscriptItem =
  | (Omit<PhoneCallResponse.Utterance, 'words'> & Partial<PhoneCallResponse.Utterance>)
  | PhoneCallResponse.ToolCallInvocationUtterance
  | PhoneCallResponse.ToolCallResultUtterance
  | PhoneCallResponse.NodeTransitionUtterance
  | PhoneCallResponse.DtmfUtterance
  | PhoneCallResponse.SMSUtterance
  | PhoneCallResponse.InjectedUtterance

/** The call as it is told of while it goes on. */
export type CallDetails = Partial<PhoneCallResponse>

type AgentConfig = Required<
  Pick<
    AgentResponse,
    'responsiveness' | 'interruption_sensitivity' | 'reminder_trigger_ms' | 'reminder_max_count'
  >
>

const words = {
  content: z.string(),
  content_complete: z.boolean(),
  no_interruption_allowed: z.boolean().optional(),
  end_call: z.boolean().optional(),
  transfer_number: z.string().min(1).optional(),
  digit_to_press: z.string().length(1).optional(),
}

const agentConfig = {
  responsiveness: z.number().min(0).max(1),
  interruption_sensitivity: z.number().min(0).max(1),
  reminder_trigger_ms: z.number().positive(),
  reminder_max_count: z.number().min(0),
} satisfies Record<keyof AgentConfig, z.ZodType<number>>

/** The documented table of frames that Retell takes. */
const TAKEN = z.discriminatedUnion('response_type', [
  z.strictObject({
    response_type: z.literal('config'),
    config: z.strictObject({
      auto_reconnect: z.boolean().optional(),
      call_details: z.boolean().optional(),
      transcript_with_tool_calls: z.boolean().optional(),
    }),
  }),
  z.strictObject({ response_type: z.literal('ping_pong'), timestamp: z.int() }),
  z.strictObject({
    response_type: z.literal('response'),
    response_id: z.int(),
    ...words,
    show_transferee_as_caller: z.boolean().optional(),
  }),
  z.strictObject({ response_type: z.literal('agent_interrupt'), interrupt_id: z.int(), ...words }),
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
    successful: z.boolean().optional(),
  }),
  z.strictObject({
    response_type: z.literal('update_agent'),
    agent_config: z.strictObject(agentConfig).partial(),
  }),
  z.strictObject({ response_type: z.literal('metadata'), metadata: z.unknown() }),
])
export type TakenFrame = z.infer<typeof TAKEN>
export type Response = Extract<TakenFrame, { readonly response_type: 'response' }>

/** A frame as Retell takes it; what it would drop without a word is a problem. */
export function takeFrame(
  frame: Frame,
):
  | { readonly ok: true; readonly frame: TakenFrame }
  | { readonly ok: false; readonly problem: string } {
  const taken = TAKEN.safeParse(frame)
  if (!taken.success) {
    const [issue] = taken.error.issues
    const at = issue?.path.join('.') ?? ''
    return { ok: false, problem: `dropped ${JSON.stringify(frame)}: ${at} ${issue?.message ?? ''}` }
  }
  const problem = misplacedFlags(taken.data)
  return problem === null ? { ok: true, frame: taken.data } : { ok: false, problem }
}

/** They exclude each other, and belong on the last frame of an answer. */
function misplacedFlags(frame: TakenFrame): string | null {
  if (frame.response_type !== 'response' && frame.response_type !== 'agent_interrupt') return null
  const flags = [frame.end_call, frame.transfer_number, frame.digit_to_press]
  const given = flags.filter((flag) => flag !== undefined).length
  if (given > 1) return `more than one of end_call, transfer and digit: ${JSON.stringify(frame)}`
  return given > 0 && !frame.content_complete ? `too early: ${JSON.stringify(frame)}` : null
}
