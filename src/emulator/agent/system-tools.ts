import {
  END_CALL_WITH_MESSAGE,
  END_CALL_WITH_SPEECH,
  LANGUAGE_DETECTION,
  SKIP_TURN,
  TRANSFER_TO_AGENT,
  TRANSFER_WITH_CLIENT_MESSAGE,
  TRANSFER_WITH_SPEECH,
  type OfferedTool,
} from '../rehearsal/platform-tools.ts'
import type { SystemToolSettings } from './tool-settings.ts'

/** How the argument is named that holds what the agent says before it acts: platforms have had both. */
export type FarewellParameter = 'message' | 'system__message_to_speak'

/** A system tool as the request lists it; an own description takes the place of the platform's. */
export function offeredSystemTool(
  settings: SystemToolSettings,
  farewell: FarewellParameter,
): OfferedTool {
  const offered = platformTool(settings, farewell)
  const description = settings.description || offered.function.description
  return { type: 'function', function: { ...offered.function, description } }
}

function platformTool(settings: SystemToolSettings, farewell: FarewellParameter): OfferedTool {
  const speaks = farewell === 'system__message_to_speak'
  switch (settings.name) {
    case 'end_call':
      return speaks ? END_CALL_WITH_SPEECH : END_CALL_WITH_MESSAGE
    case 'skip_turn':
      return SKIP_TURN
    case 'language_detection':
      return described(LANGUAGE_DETECTION, languageText(settings.languages))
    case 'voicemail_detection':
      return VOICEMAIL_DETECTION
    case 'play_keypad_touch_tone':
      return PLAY_KEYPAD_TOUCH_TONE
    case 'transfer_to_agent':
      return described(
        TRANSFER_TO_AGENT,
        [
          'Transfer the conversation to another agent when its condition is met.',
          ...settings.transfers.map(({ condition }, number) => `${number}: ${condition}`),
        ].join('\n'),
      )
    case 'transfer_to_number':
      return described(
        speaks ? TRANSFER_WITH_SPEECH : TRANSFER_WITH_CLIENT_MESSAGE,
        [
          'Transfer the call to a person when the condition of a number is met.',
          ...settings.transfers.map(({ transfer_number: to, condition }) => `${to}: ${condition}`),
        ].join('\n'),
      )
  }
}

const VOICEMAIL_DETECTION: OfferedTool = {
  type: 'function',
  function: {
    name: 'voicemail_detection',
    description: 'Call this function when a voicemail system has answered the call.',
    parameters: {
      type: 'object',
      properties: { reason: { type: 'string', description: 'why' } },
      required: ['reason'],
    },
  },
}

const PLAY_KEYPAD_TOUCH_TONE: OfferedTool = {
  type: 'function',
  function: {
    name: 'play_keypad_touch_tone',
    description: 'Press keys of the phone, for example in a menu.',
    parameters: {
      type: 'object',
      properties: {
        dtmf_tones: { type: 'string', description: '0-9, *, #; w waits for 0.5 s, W for 1 s' },
        reason: { type: 'string', description: 'why' },
      },
      required: ['dtmf_tones'],
    },
  },
}

function languageText(languages: readonly string[]): string {
  const rule =
    'Change the conversation language when the user expresses a language preference explicitly.'
  return languages.length === 0 ? rule : `${rule} Languages: ${languages.join(', ')}.`
}

function described(tool: OfferedTool, description: string): OfferedTool {
  return { type: 'function', function: { ...tool.function, description } }
}
