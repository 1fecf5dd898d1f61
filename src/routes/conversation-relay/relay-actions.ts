import { z } from 'zod'
import type { TurnRequest } from '../../turn/turn-request.ts'
import type { RelayAction } from './options.ts'
import type { OutgoingFrame } from './outgoing-frame.ts'

type OfferedTool = TurnRequest['platformTools'][number]
type Actions = Readonly<Record<string, RelayAction>>

/** The actions as tools of the platform. */
export function toPlatformTools(actions: Actions): readonly OfferedTool[] {
  return Object.entries(actions).map(([name, action]) => ({
    name,
    description: action.description ?? DESCRIPTIONS[action.type],
    parameters: parametersOf(action),
  }))
}

const DESCRIPTIONS = {
  end: 'Ends the call. Say goodbye before.',
  send_digits: 'Presses keys of the telephone.',
  play: 'Plays a recording to the caller.',
  language: 'Goes on in another language, both to listen and to speak.',
} as const satisfies Record<RelayAction['type'], string>

const MAX_REASON_CHARACTERS = 200
const MAX_DIGITS = 64

function parametersOf(action: RelayAction): NonNullable<OfferedTool['parameters']> {
  if (action.type === 'end' && action.handoff_data.reason === undefined) {
    return toSchema('reason', { type: 'string', description: 'Why the call ends' }, false)
  }
  if (action.type === 'send_digits' && action.digits === undefined) {
    return toSchema(
      'digits',
      { type: 'string', description: '0 to 9, *, # and w for a pause' },
      true,
    )
  }
  if (action.type === 'language' && action.languages.length > 1) {
    return toSchema('language', { type: 'string', enum: action.languages }, true)
  }
  return { type: 'object', properties: {} }
}

function toSchema(name: string, schema: object, isRequired: boolean) {
  return {
    type: 'object',
    properties: { [name]: schema },
    ...(isRequired && { required: [name] }),
  }
}

const Arguments = z.looseObject({
  reason: z.string().optional().catch(undefined),
  digits: z.string().optional().catch(undefined),
  language: z.string().optional().catch(undefined),
})
type Arguments = z.infer<typeof Arguments>

/** What a call of the model has the platform do; null: nothing that it could. */
export function toActionFrame(action: RelayAction, argumentsText: string): OutgoingFrame | null {
  const given = readArguments(argumentsText)
  switch (action.type) {
    case 'end':
      return toEnd(action.handoff_data, given.reason)
    case 'send_digits': {
      const digits = action.digits ?? dialled(given.digits ?? '')
      return digits === '' ? null : { type: 'sendDigits', digits }
    }
    case 'play': {
      const { source, loop, interruptible, preemptible } = action
      return {
        type: 'play',
        source,
        ...(loop !== undefined && { loop }),
        ...(interruptible !== undefined && { interruptible }),
        ...(preemptible !== undefined && { preemptible }),
      }
    }
    case 'language': {
      const language =
        action.languages.length === 1
          ? action.languages[0]
          : action.languages.find((code) => code === given.language)
      return language === undefined
        ? null
        : { type: 'language', ttsLanguage: language, transcriptionLanguage: language }
    }
  }
}

function readArguments(text: string): Arguments {
  try {
    const read = Arguments.safeParse(JSON.parse(text))
    return read.success ? read.data : {}
  } catch {
    return {}
  }
}

function toEnd(configured: Readonly<Record<string, unknown>>, reason = ''): OutgoingFrame {
  const text = reason.trim().slice(0, MAX_REASON_CHARACTERS)
  const data = { ...(text !== '' && { reason: text }), ...configured }
  return Object.keys(data).length === 0
    ? { type: 'end' }
    : { type: 'end', handoffData: JSON.stringify(data) }
}

/** Models write numbers as people do: `555-0100`. */
function dialled(digits: string): string {
  return digits.replace(/[^0-9*#wW]/g, '').slice(0, MAX_DIGITS)
}
