import { isRecord, parseJson, valueAt, type Json } from './json.ts'

/** A tool as the platform offers it in a request. */
export interface OfferedTool {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description: string
    readonly parameters: Json
  }
}

type Properties = Readonly<Record<string, string>>

/** `properties` maps a name to its description. */
function tool(
  name: string,
  description: string,
  schema: { readonly properties: Properties; readonly required: readonly string[] },
): OfferedTool {
  const { properties, required } = schema
  const described = Object.fromEntries(
    Object.entries(properties).map(([key, about]): [string, Json] => [
      key,
      { type: key === 'agent_number' ? 'integer' : 'string', description: about },
    ]),
  )
  const parameters: Json = { type: 'object', properties: described, required }
  return { type: 'function', function: { name, description, parameters } }
}

const why = 'why'
const END =
  'Call this function to end the current conversation when the main task has been completed.'

export const END_CALL_WITH_MESSAGE = tool('end_call', END, {
  properties: { reason: why, message: 'farewell' },
  required: ['reason'],
})
export const END_CALL_WITH_SPEECH = tool('end_call', END, {
  properties: { reason: why, system__message_to_speak: 'what to say first' },
  required: ['reason'],
})
export const TRANSFER_WITH_CLIENT_MESSAGE = tool('transfer_to_number', 'Transfer to a person.', {
  properties: {
    reason: why,
    transfer_number: 'the number',
    client_message: 'for the caller',
    agent_message: 'for the person',
  },
  required: ['transfer_number', 'client_message', 'agent_message'],
})
export const TRANSFER_WITH_SPEECH = tool('transfer_to_number', 'Transfer to a person.', {
  properties: {
    transfer_number: 'the number',
    agent_message: 'for the person',
    system__message_to_speak: 'what to say first',
  },
  required: ['transfer_number', 'agent_message'],
})
export const TRANSFER_TO_AGENT = tool('transfer_to_agent', '0: sales. 1: billing.', {
  properties: { agent_number: 'zero-indexed', reason: why },
  required: ['agent_number'],
})
export const SKIP_TURN = tool('skip_turn', 'Skip a turn when the user needs a moment to think.', {
  properties: { reason: why },
  required: [],
})
export const LANGUAGE_DETECTION = tool('language_detection', 'Change the language: en, es.', {
  properties: { reason: why, language: 'code' },
  required: ['reason', 'language'],
})
/** A client tool. */
export const SHOW_MAP = tool('show_map', 'Show a map on the caller’s screen.', {
  properties: { place: 'where' },
  required: ['place'],
})
/** A webhook tool of the platform's. */
export const WRITE_TICKET = tool('write_ticket', 'Write a ticket for the back office.', {
  properties: { subject: 'what about' },
  required: ['subject'],
})

export function toolName(tool: OfferedTool): string {
  return tool.function.name
}

/** The required arguments that a call lacks, by the request's own schema. */
export function missingArguments(tool: OfferedTool, argumentsText: string): readonly string[] {
  const args = parseJson(argumentsText)
  if (!isRecord(args)) return ['arguments that are a JSON object']
  const required = valueAt(tool.function.parameters, ['required'])
  const names: readonly unknown[] = Array.isArray(required) ? required : []
  return names.flatMap((name) =>
    typeof name === 'string' && (args[name] === undefined || args[name] === null) ? [name] : [],
  )
}
