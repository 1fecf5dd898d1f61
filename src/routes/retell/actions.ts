import type { TurnRequest } from '../../turn/turn-request.ts'
import type { TurnEvent } from '../../turn/turn.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'
import {
  DIGITS,
  isPhoneNumber,
  variableOf,
  type RetellAction,
  type TransferCall,
} from './options.ts'
import type { ResponseFlags, OutgoingFrame } from './outgoing-frame.ts'

type OfferedTool = TurnRequest['platformTools'][number]
type Call = Extract<TurnEvent, { readonly type: 'tool-call' }>['call']

/** What comes of a call for an action. */
export type Outcome =
  /** ActionCall by Retell once the words were spoken; `ends`: with them the call is over for the agent. */
  | { readonly type: 'flags'; readonly flags: ResponseFlags; readonly ends: boolean }
  | { readonly type: 'frame'; readonly frame: OutgoingFrame }
  | { readonly type: 'refused'; readonly why: string }

/** The actions as the model is offered them. */
export function offersOf(actions: ReadonlyMap<string, RetellAction>): readonly OfferedTool[] {
  return [...actions].map(([name, action]) => ({
    name,
    description: action.description ?? DESCRIPTIONS[action.type],
    parameters: parametersOf(action),
  }))
}

const DESCRIPTIONS = {
  end_call: 'Ends the call once your words were heard. Say goodbye first.',
  transfer_call: 'Transfers the call once your words were heard. Tell the caller first.',
  press_digit: 'Presses a key of the phone, to get through a phone menu.',
  update_agent: 'Changes how the agent listens and speaks.',
  metadata: "Shows something on the caller's screen.",
} as const satisfies Record<RetellAction['type'], string>

function parametersOf(action: RetellAction): NonNullable<OfferedTool['parameters']> {
  if (action.type === 'metadata' && action.parameters) return action.parameters
  if (action.type === 'press_digit' && !action.digit) {
    return oneText('digit', { enum: [...DIGITS], description: 'The key to press.' })
  }
  if (action.type === 'transfer_call' && action.number === undefined) {
    const choices = action.allow ? { enum: action.allow } : {}
    return oneText('number', { ...choices, description: 'The number to transfer the call to.' })
  }
  return { type: 'object', properties: {} }
}

function oneText(name: string, more: object) {
  return { type: 'object', properties: { [name]: { type: 'string', ...more } }, required: [name] }
}

/** The action takes something from the flow's variables. */
export function needsVariables(action: RetellAction | undefined): boolean {
  return action?.type === 'transfer_call' && variableOf(action.number ?? '') !== null
}

/** What a call for an action asks Retell to do. Pure. */
export function toOutcome(action: RetellAction, call: Call, variables: JsonObject): Outcome {
  const args = argumentsOf(call)
  switch (action.type) {
    case 'end_call':
      return { type: 'flags', flags: { end_call: true, ...spokenBy(action) }, ends: true }
    case 'transfer_call':
      return toTransfer(action, args, variables)
    case 'press_digit': {
      const digit = action.digit ?? DIGITS.find((key) => key === args.digit)
      if (!digit) return { type: 'refused', why: 'There is no such key.' }
      return { type: 'flags', flags: { digit_to_press: digit, ...spokenBy(action) }, ends: false }
    }
    case 'update_agent': {
      const { agent_config } = action
      return { type: 'frame', frame: { response_type: 'update_agent', agent_config } }
    }
    case 'metadata': {
      const metadata = { ...declared(action.parameters, args), ...action.metadata }
      return { type: 'frame', frame: { response_type: 'metadata', metadata } }
    }
  }
}

/** A number is the operator's own, or one that the operator said it may be. */
function toTransfer(action: TransferCall, args: JsonObject, variables: JsonObject): Outcome {
  const { number: written, show_transferee_as_caller } = action
  const variable = variableOf(written ?? '')
  const value = variable === null ? (written ?? args.number) : variables[variable]
  const number = typeof value === 'string' ? withoutGaps(value.trim()) : ''
  if (!isPhoneNumber(number)) return { type: 'refused', why: 'There is no number to transfer to.' }
  if (!isAllowed(action, number)) {
    return { type: 'refused', why: 'Calls cannot be transferred to this number.' }
  }
  const shown = show_transferee_as_caller === undefined ? {} : { show_transferee_as_caller }
  const flags = { transfer_number: number, ...shown, ...spokenBy(action) }
  return { type: 'flags', flags, ends: true }
}

/** Models and people write numbers in groups. In a SIP address the dots mean something. */
function withoutGaps(number: string): string {
  return /^sips?:/.test(number) ? number : number.replace(/(?<=\d)[ ().-]+(?=\d)/g, '')
}

function isAllowed({ number, allow, pattern }: TransferCall, given: string): boolean {
  if (number === given || (!allow && !pattern)) return true
  const fits = pattern !== undefined && new RegExp(`^(?:${pattern})$`).test(given)
  return fits || (allow?.includes(given) ?? false)
}

function spokenBy({
  no_interruption_allowed,
}: {
  readonly no_interruption_allowed?: boolean | undefined
}) {
  return no_interruption_allowed === undefined ? {} : { no_interruption_allowed }
}

function argumentsOf({ arguments: text }: Call): JsonObject {
  try {
    const args: unknown = JSON.parse(text)
    return isJsonObject(args) ? args : {}
  } catch {
    return {}
  }
}

/** What nobody asked the model for goes nowhere. */
function declared(parameters: JsonObject | undefined, args: JsonObject): JsonObject {
  const properties = parameters?.properties
  if (!isJsonObject(properties)) return {}
  return Object.fromEntries(
    Object.entries(args).filter(([name]) => Object.hasOwn(properties, name)),
  )
}

/** Of what an answer asked for, what Retell can do: hanging up beats a transfer, and that beats a key. */
export function strongest(flags: readonly ResponseFlags[]): ResponseFlags {
  return (
    flags.find((each) => each.end_call === true) ??
    flags.find((each) => each.transfer_number !== undefined) ??
    flags.find((each) => each.digit_to_press !== undefined) ??
    {}
  )
}
