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
    const { keySource, kind } = turn.facts
    if (keySource === 'none' && kind !== 'side_job') {
      dependencies.log[advised ? 'debug' : 'warn']({}, KEY_ADVICE)
      advised = true
    }
    return loggedTurn(turn, asked, dependencies)
  }
}

// Counted in the turn's own finally: onResponse does not run when the caller hangs up.
function loggedTurn(
  turn: TurnAnswer,
  { request, startedAt }: Asked,
  { log, metrics }: Dependencies,
): TurnAnswer {
  // Counted now, so that a turn that is heard for long does not keep its request in memory.
  const roles = roleCounts(request)
  const { platform } = request.keyMaterial
  const tailRole = request.messages.at(-1)?.role
  const noteText = createTextClock(turn, { metrics, startedAt })
  return {
    facts: turn.facts,
    source: turn.source,
    ended: turn.ended,
    hasAnswered: () => turn.hasAnswered(),
    delivered: () => turn.delivered(),
    async run(listener) {
      const heard: Heard = { characters: 0, firstTextMs: null, firstAnswerMs: null }
      let finish = 'internal'
      try {
        const end = await turn
          .run({
            ...listener,
            onEvent(event) {
              if (event.type === 'text-delta') {
                heard.characters += event.text.length
                if (heard.firstAnswerMs === null) noteText(event.text, heard)
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
        const totalMs = since(startedAt)
        const { source, facts } = turn
        metrics.turnEnded({ kind: facts.kind, source, finish, seconds: totalMs / 1000 })
        const { streams, signal } = listener
        const closedByCaller = signal.aborted
        logEnd(log, turn, {
          platform,
          roles,
          tailRole,
          streams,
          heard,
          totalMs,
          finish,
          closedByCaller,
        })
      }
    },
  }
}

interface Heard {
  characters: number
  firstTextMs: number | null
  /** Of the first text that is no filler. */
  firstAnswerMs: number | null
}

/** Notes when the first words of a turn come. */
function createTextClock(
  turn: TurnAnswer,
  { metrics, startedAt }: Pick<Dependencies, 'metrics'> & Pick<Asked, 'startedAt'>,
) {
  return (text: string, heard: Heard): void => {
    // What ends with nothing said says one space.
    if (!/\S/.test(text)) return
    const sinceStart = since(startedAt)
    heard.firstTextMs ??= sinceStart
    if (!turn.hasAnswered()) return
    heard.firstAnswerMs = sinceStart
    metrics.firstToken(sinceStart / 1000)
  }
}

interface Ended {
  readonly platform: string
  readonly roles: ReturnType<typeof roleCounts>
  readonly tailRole: string | undefined
  readonly streams: boolean
  readonly heard: Readonly<Heard>
  readonly totalMs: number
  readonly finish: string
  readonly closedByCaller: boolean
}

// Key by key: to put such parts together costs more than the line itself.
function logEnd(log: Log, { facts, source }: TurnAnswer, ended: Ended): void {
  const values = {
    platform: ended.platform,
    conversation: facts.conversation,
    kind: facts.kind,
    state: facts.state,
    exchange: facts.exchange,
    heard: facts.heard,
    confidence: facts.confidence,
    keySource: facts.keySource,
    source,
    roles: ended.roles,
    tailRole: ended.tailRole,
    userMessages: ended.roles.user,
    stream: ended.streams,
    firstTextMs: rounded(ended.heard.firstTextMs),
    firstAnswerMs: rounded(ended.heard.firstAnswerMs),
    characters: ended.heard.characters,
    totalMs: rounded(ended.totalMs),
    finish: ended.finish,
    closedByCaller: ended.closedByCaller,
  }
  log.info(values, 'turn ended')
}

function toFinish({ isSuperseded, finishReason }: TurnEnd): string {
  return isSuperseded ? 'superseded' : finishReason
}

function roleCounts({ messages }: TurnRequest) {
  const roles = { system: 0, user: 0, assistant: 0, tool: 0 }
  for (const message of messages) roles[message.role] += 1
  return roles
}

function since(startedAt: number): number {
  return performance.now() - startedAt
}

function rounded(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds)
}
