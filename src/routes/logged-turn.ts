import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { TurnAnswer, TurnEnd } from '../turn/turn.ts'
import type { TurnRequest } from '../turn/turn-request.ts'

const KEY_ADVICE =
  'a conversation has no key, so its turns stand alone: write CALL_ID={{system__conversation_id}} into the agent prompt, or send the header x-conversation-id'

interface Dependencies {
  readonly log: Log
  readonly metrics: Pick<Metrics, 'turnEnded' | 'firstToken'>
}

interface Asked {
  readonly request: TurnRequest
  /** When the request came, in milliseconds of `performance.now()`. */
  readonly startedAt: number
}

/** Makes turns that are counted and leave one log line when they end: no text, no key, no URL. */
export function createTurnLog(
  dependencies: Dependencies,
): (turn: TurnAnswer, asked: Asked) => TurnAnswer {
  let advised = false
  return (turn, asked) => {
    if (turn.facts.keySource === 'none') {
      dependencies.log[advised ? 'debug' : 'warn']({}, KEY_ADVICE)
      advised = true
    }
    return loggedTurn(turn, asked, dependencies)
  }
}

// Counted in the turn's own finally: onResponse does not run when the caller hangs up.
function loggedTurn(turn: TurnAnswer, asked: Asked, { log, metrics }: Dependencies): TurnAnswer {
  return {
    facts: turn.facts,
    source: turn.source,
    ended: turn.ended,
    delivered: () => turn.delivered(),
    async run(listener) {
      let firstTextMs: number | null = null
      let characters = 0
      let finish = 'internal'
      try {
        const end = await turn
          .run({
            signal: listener.signal,
            streams: listener.streams,
            onEvent(event) {
              if (event.type === 'text-delta') {
                characters += event.text.length
                // What ends with nothing said says one space.
                if (firstTextMs === null && /\S/.test(event.text)) {
                  firstTextMs = since(asked.startedAt)
                  metrics.firstToken(firstTextMs / 1000)
                }
              }
              return listener.onEvent(event)
            },
          })
          .catch((error: unknown) => {
            if (error instanceof TurnstateError) finish = error.code
            throw error
          })
        finish = toFinish(end)
        return end
      } finally {
        const totalMs = since(asked.startedAt)
        const { source, facts } = turn
        metrics.turnEnded({ kind: facts.kind, source, finish, seconds: totalMs / 1000 })
        log.info(
          {
            ...logged(turn, asked.request),
            stream: listener.streams,
            firstTextMs: rounded(firstTextMs),
            characters,
            totalMs: rounded(totalMs),
            finish,
            closedByCaller: listener.signal.aborted,
          },
          'turn ended',
        )
      }
    },
  }
}

function logged({ facts, source }: TurnAnswer, request: TurnRequest): object {
  const { conversation, kind, state, exchange, heard, confidence, keySource } = facts
  return {
    conversation,
    kind,
    state,
    exchange,
    heard,
    confidence,
    keySource,
    source,
    ...messageCounts(request),
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
  return performance.now() - startedAt
}

function rounded(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds)
}
