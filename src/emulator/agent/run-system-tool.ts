import type { Json } from '../rehearsal/json.ts'
import type { PlatformTools } from './agent.ts'
import type { AgentTransfer, NumberTransfer, SystemToolSettings } from './tool-settings.ts'

export type SystemRun = ReturnType<PlatformTools['runSystem']>

/** What the platform does with a call of a system tool whose required arguments are all there. */
export function runSystemTool(
  settings: SystemToolSettings,
  agentId: string,
  args: Json,
): SystemRun {
  const reason = args.reason ?? null
  const spoken = args.system__message_to_speak ?? args.message ?? args.client_message
  const spokenText = typeof spoken === 'string' ? spoken : ''
  switch (settings.name) {
    case 'end_call':
      return { ...success({ reason, message: spokenText }), spokenText, endsConversation: true }
    case 'skip_turn':
      return success({ reason })
    case 'language_detection': {
      const { languages } = settings
      const { language } = args
      if (languages.length > 0 && !languages.some((known) => known === language)) {
        return failedRun('The agent does not speak this language.')
      }
      return success({ reason, language })
    }
    case 'voicemail_detection': {
      const { voicemail_message: message } = settings
      const result = success({ voicemail_message: message, reason })
      return { ...result, spokenText: message, endsConversation: true }
    }
    case 'play_keypad_touch_tone': {
      const { dtmf_tones: tones } = args
      return typeof tones === 'string' && /^[0-9*#wW]+$/.test(tones)
        ? success({ dtmf_tones: tones, reason })
        : failedRun('dtmf_tones may hold 0-9, *, #, w and W only.')
    }
    case 'transfer_to_agent':
      return transferToAgent(settings.transfers, agentId, args)
    case 'transfer_to_number':
      return transferToNumber(settings.transfers, { ...args, reason, client_message: spokenText })
  }
}

function transferToAgent(
  transfers: readonly AgentTransfer[],
  agentId: string,
  { agent_number: number }: Json,
): SystemRun {
  const transfer = transfers[Number(number)]
  if (!transfer) return failedRun('There is no agent with this number.', { from_agent: agentId })
  const { agent_id: toAgent, ...rest } = transfer
  const result = success({
    from_agent: agentId,
    to_agent: toAgent,
    to_node: null,
    ...rest,
    branch_info: null,
  })
  const handover = {
    agentId: toAgent,
    saysFirstMessage: transfer.enable_transferred_agent_first_message,
  }
  return { ...result, spokenText: transfer.transfer_message, handover }
}

function transferToNumber(transfers: readonly NumberTransfer[], args: Json): SystemRun {
  const { transfer_number: number, reason, client_message: clientMessage } = args
  const transfer = transfers.find((each) => each.transfer_number === number)
  if (!transfer) return failedRun('This number is not among those to transfer to.')
  const common = { transfer_number: number, reason }
  const result =
    transfer.transfer_type === 'sip_refer'
      ? success({ ...common, note: null })
      : success({
          ...common,
          client_message: clientMessage,
          agent_message: args.agent_message,
          conference_name: 'emulated',
          post_dial_digits: null,
          note: null,
        })
  return { ...result, spokenText: String(clientMessage), endsConversation: true }
}

function success(fields: Json): SystemRun {
  const result = JSON.stringify({ status: 'success', ...fields })
  return { result, isError: false, spokenText: '', endsConversation: false }
}

/** A call that the platform rejects: it asks again, and the conversation goes on. */
export function failedRun(error: string, fields: Json = {}): SystemRun {
  const result = JSON.stringify({ status: 'error', ...fields, error })
  return { result, isError: true, spokenText: '', endsConversation: false }
}
