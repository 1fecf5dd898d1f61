import type { IncomingHttpHeaders } from 'node:http'
import type { TurnRequest } from '../../../turn/turn-request.ts'
import type { JsonObject } from '../../json-object.ts'

type Platform = TurnRequest['keyMaterial']['platform']

/** Those that hold a socket have front ends of their own. */
export type HttpPlatform = Exclude<Platform, 'retell' | 'speech_engine' | 'conversation_relay'>

/** What a request is recognised by: nothing that takes a walk through its history. */
export interface Sight {
  readonly headers: IncomingHttpHeaders
  readonly query: JsonObject
  readonly body: JsonObject
  readonly firstMessage: JsonObject
  /** Usually what follows the prompt. */
  readonly secondMessage: JsonObject
  readonly lastMessage: JsonObject
}

/** What a platform does in a way of its own. Where it looks for the conversation's id is `conversation`'s. */
export interface Profile {
  readonly detects: (sight: Sight) => boolean
  /** Turns of a call are streamed; what is not is a job that the framework does for itself. */
  readonly streamsEveryTurn?: boolean
  /** It reads ✓, ○ or ◐ at the beginning of an answer as a mark. */
  readonly readsMarks?: boolean
  /** Its messages say which replies the caller spoke over. */
  readonly tellsInterruptions?: boolean
  /** It takes the conversation's id from the `system_fingerprint` of an answer. */
  readonly takesSessionId?: boolean
}
