import type { TurnRequest } from '../../turn/turn-request.ts'
import type { JsonObject } from '../json-object.ts'
import type { Opening } from '../sockets/voice-sockets.ts'
import { offersOf } from './actions.ts'
import { readCall, unknownCall, withoutTemplates } from './call-data.ts'
import type { Message } from './action-calls.ts'
import type { RetellAction } from './options.ts'
import type { RetellRequest } from './incoming-frame.ts'
import { readTranscript } from './read-transcript.ts'

interface Options extends Opening {
  readonly callId: string
  readonly actions: ReadonlyMap<string, RetellAction>
}

/** What is asked of the turns of one call. */
export interface TurnRequests {
  /** Retell has told of the call. */
  told(call: JsonObject): void
  opening(): TurnRequest
  /** `interruptions`: what the agent was made to say out of turn. */
  of(asked: RetellRequest, interruptions: readonly string[]): TurnRequest
}

export function createTurnRequests({ caller, request, callId, actions }: Options): TurnRequests {
  const query = queryOf(request.query)
  const offers = offersOf(actions)
  let data = unknownCall(callId)

  function toRequest(messages: readonly Message[], isTriggered: boolean): TurnRequest {
    return {
      caller,
      // Only what stays the same for the whole call: it names the conversation.
      keyMaterial: {
        platform: 'retell',
        headers: request.headers,
        query,
        body: {},
        extraBody: {},
        call: { call_id: callId },
      },
      messages,
      platformTools: offers,
      parameters: {},
      wantsUsage: false,
      extra: { call: data.call, query },
      variables: data.variables,
      isNewest: true,
      isTriggered,
    }
  }

  return {
    told: (call) => void (data = readCall(call, callId)),
    opening: () => toRequest([], false),
    of({ items, isReminder }, interruptions) {
      const { messages, endsInSpeech } = readTranscript(items, { actions, interruptions })
      return isReminder
        ? toRequest([...messages, SILENCE], false)
        : toRequest(messages, !endsInSpeech)
    },
  }
}

const SILENCE: Message = { role: 'user', text: '...' }

/** The same after another step of its answer. */
export function goOn(request: TurnRequest, step: readonly Message[], mayAct: boolean): TurnRequest {
  const { messages, platformTools } = request
  return {
    ...request,
    messages: [...messages, ...step],
    platformTools: mayAct ? platformTools : [],
    isTriggered: false,
  }
}

/** The operator's own parameters of the URL: filled templates, and never the key. */
function queryOf(query: unknown): JsonObject {
  const all = query as JsonObject // as Fastify's own parser gives it
  return withoutTemplates(
    Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'key')),
  )
}
