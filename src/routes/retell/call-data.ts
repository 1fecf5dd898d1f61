import { isJsonObject, type JsonObject } from '../json-object.ts'
import { isDeeperThan, MAX_DEPTH } from '../openai/json-body.ts'

/** What a flow may use of a call: as `{{extra.call...}}`, and as variables that it declares. */
export interface CallData {
  readonly call: JsonObject
  readonly variables: JsonObject
}

/** The platform's own data take a few hundred characters; the rest is the operator's. */
const MAX_CALL_CHARACTERS = 65_536
const FACTS = ['call_id', 'call_type', 'direction', 'from_number', 'to_number', 'agent_id'] as const
const VARIABLES = ['from_number', 'to_number', 'direction', 'call_id'] as const

/** Reads the call that Retell tells of. What was said in it is no part of its data. */
export function readCall(told: JsonObject, callId: string): CallData {
  const entries = Object.entries(told).filter(([name]) => !name.startsWith('transcript'))
  const all: JsonObject = { ...Object.fromEntries(entries), call_id: callId }
  const call = isBounded(all) ? all : picked(all, FACTS)
  const { retell_llm_dynamic_variables: dynamic } = call
  const given = { ...(isJsonObject(dynamic) ? dynamic : {}), ...picked(call, VARIABLES) }
  return { call, variables: withoutTemplates(given) }
}

/** What is known of a call before Retell tells of it. */
export function unknownCall(callId: string): CallData {
  return { call: { call_id: callId }, variables: { call_id: callId } }
}

/** Something was said in it before: the connection is not its first. */
export function wasUnderWay({ transcript, transcript_object: items }: JsonObject): boolean {
  const isTold = typeof transcript === 'string' && transcript.trim() !== ''
  return isTold || (Array.isArray(items) && items.length > 0)
}

/** Templates that the platform left unfilled say nothing. */
export function withoutTemplates(values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) => value !== undefined && !(typeof value === 'string' && value.includes('{{')),
    ),
  )
}

function isBounded(value: object): boolean {
  return !isDeeperThan(value, MAX_DEPTH) && JSON.stringify(value).length <= MAX_CALL_CHARACTERS
}

/** Only texts of a bounded length. */
function picked(from: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = from[name]
      return typeof value === 'string' && value.length <= 1000 ? [[name, value] as const] : []
    }),
  )
}
