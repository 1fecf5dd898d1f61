import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { TurnAnswer, TurnEnd } from '../turn/turn.ts'
import type { TurnRequest } from '../turn/turn-request.ts'

const KEY_ADVICE =
  'a conversation has no key, so its turns stand alone: write CALL_ID={{system__conversation_id}} into the agent prompt, or send the header x-conversation-id'

/** Makes turns that leave one log line when they end: no text, no key, no URL. */
export function createTurnLog(log: Log): (turn: TurnAnswer, request: TurnRequest) => TurnAnswer {
  let advised = false
  return (turn, request) => {
    if (turn.facts.keySource === 'none') {
      log[advised ? 'debug' : 'warn']({}, KEY_ADVICE)
      advised = true
    }
    return loggedTurn(turn, request, log)
  }
}

// Counted in the turn's own finally: onResponse does not run when the caller hangs up.
function loggedTurn(turn: TurnAnswer, request: TurnRequest, log: Log): TurnAnswer {
  return {
    facts: turn.facts,
    source: turn.source,
    ended: turn.ended,
    delivered: () => turn.delivered(),
    async run(listener) {
      const startedAt = performance.now()
      let firstTextMs: number | null = null
      let characters = 0
      let end: TurnEnd | undefined
      let failure: unknown
      try {
        end = await turn
          .run({
            signal: listener.signal,
            streams: listener.streams,
            onEvent(event) {
              if (event.type === 'text-delta') {
                firstTextMs ??= since(startedAt)
                characters += event.text.length
              }
              return listener.onEvent(event)
            },
          })
          .catch((error: unknown) => {
            failure = error
            throw error
          })
        return end
      } finally {
        const { conversation, kind, state, exchange, heard, confidence, keySource } = turn.facts
        log.info(
          {
            conversation,
            kind,
            state,
            exchange,
            heard,
            confidence,
            keySource,
            source: turn.source,
            ...messageCounts(request),
            stream: listener.streams,
            firstTextMs,
            characters,
            totalMs: since(startedAt),
            finish: end
              ? toFinish(end)
              : failure instanceof TurnstateError
                ? failure.code
                : 'internal',
            closedByCaller: listener.signal.aborted,
          },
          'turn ended',
        )
      }
    },
  }
}

function toFinish({ isSuperseded, finishReason }: TurnEnd): string {
  return isSuperseded ? 'superseded' : finishReason
}

function messageCounts({ messages }: TurnRequest): object {
  const roles = { system: 0, user: 0, assistant: 0, tool: 0 }
  for (const message of messages) roles[message.role] += 1
  return { roles, tailRole: messages.at(-1)?.role, userMessages: roles.user }
}

function since(startedAt: number): number {
  return Math.round(performance.now() - startedAt)
}
