import { endTurn, type JournalTurn } from '../conversation/journal.ts'
import type { ConversationMessage } from '../conversation/message.ts'
import { sealState } from '../conversation/state-token.ts'
import { TurnstateError } from '../errors.ts'
import type { Log } from '../observability/log.ts'
import type { ToolRunner } from '../tools/tool-runner.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { answerSilence } from './answer-silence.ts'
import { generate, speak } from './generate.ts'
import { NO_USAGE, type LiveTurn } from './live-turn.ts'
import { identityOf, type PreparedTurn } from './prepare-turn.ts'
import { BUILT_IN_FALLBACK, type TurnSettings } from './settings.ts'
import type { TurnEnd, TurnListener } from './turn.ts'
import { createVoice } from './voice.ts'

interface RunDependencies {
  readonly settings: TurnSettings
  readonly upstream: Upstream
  readonly tools: ToolRunner
  readonly log: Log
  readonly now: () => number
}

interface TurnToRun {
  readonly prepared: PreparedTurn
  readonly journalled: JournalTurn
  readonly listener: TurnListener
}

/** Generates the answer of a prepared turn, and sees to it that it ends well whatever happens. */
export async function runTurn(
  dependencies: RunDependencies,
  { prepared, journalled, listener }: TurnToRun,
): Promise<TurnEnd> {
  const { settings, now } = dependencies
  // One controller for both ends; AbortSignal.any costs more than the rest of the turn's set-up.
  const end = new AbortController()
  const hangUp = () => end.abort(listener.signal.reason)
  if (listener.signal.aborted) hangUp()
  listener.signal.addEventListener('abort', hangUp)
  const timer = setTimeout(
    () => end.abort(new TurnstateError('upstream_timeout', 'The answer took too long.')),
    settings.turnTimeoutMs,
  )
  const voice = createVoice(journalled, listener, now)
  const turn: LiveTurn = {
    ...dependencies,
    prepared,
    journalled,
    voice,
    signal: end.signal,
    position: prepared.start,
    transitions: prepared.transitions,
    usage: NO_USAGE,
  }
  try {
    const finishReason = await answer(turn)
    listener.signal.throwIfAborted()
    endTurn(journalled, 'finished')
    return toTurnEnd(turn, finishReason)
  } catch (error) {
    endTurn(journalled, listener.signal.aborted ? 'aborted' : 'failed')
    return await speakFailure(turn, listener, error)
  } finally {
    clearTimeout(timer)
    listener.signal.removeEventListener('abort', hangUp)
    voice.stop()
  }
}

async function answer(turn: LiveTurn): Promise<TurnEnd['finishReason']> {
  const say = turn.settings.flow.states[turn.position.state]?.say
  if (turn.prepared.saysOnEntry && say) {
    await speak(turn, say)
    return 'stop'
  }
  return turn.prepared.facts.kind === 'silence' ? answerSilence(turn) : generate(turn, [])
}

/** After the first sign of life a failure is spoken; before it, it is the front end's to report. */
async function speakFailure(
  turn: LiveTurn,
  listener: TurnListener,
  error: unknown,
): Promise<TurnEnd> {
  if (listener.signal.aborted) {
    forgetUnsent(turn.journalled, listener)
    throw new TurnstateError('caller_gone', 'The caller is gone.', { cause: error })
  }
  const { fallback } = turn.settings
  const isKnown = error instanceof TurnstateError
  const mayThrow = fallback === null && !turn.voice.hasStarted()
  if (mayThrow) {
    forgetUnsent(turn.journalled, listener)
    throw isKnown
      ? error
      : new TurnstateError('internal', 'Something went wrong.', { cause: error })
  }
  if (isKnown) turn.log.warn({ code: error.code }, 'fallback spoken')
  else turn.log.error({ err: error }, 'turn broke, fallback spoken')
  await speak(turn, fallback ?? BUILT_IN_FALLBACK, 'filler')
  return toTurnEnd(turn, 'stop')
}

/** Nothing of an answer in one body has left before it is whole. */
function forgetUnsent(turn: JournalTurn, { streams }: TurnListener): void {
  if (streams) return
  turn.pieces.length = 0
  turn.platformCalls.length = 0
}

function toTurnEnd(turn: LiveTurn, finishReason: TurnEnd['finishReason']): TurnEnd {
  const { request, view, facts } = turn.prepared
  const answered = view.answered.map((block) => block.user)
  return {
    finishReason,
    ...(turn.usage && { usage: turn.usage }),
    state: turn.position.state,
    token: () =>
      sealState(turn.settings.token, turn.position, {
        identity: identityOf(request.caller, facts.conversation),
        userBlocks: view.open ? [...answered, view.open] : answered,
        results: view.open ? 0 : resultsOf(view.answered.at(-1)?.answer ?? view.greeting),
      }),
  }
}

function resultsOf(messages: readonly ConversationMessage[]): number {
  return messages.filter((message) => message.role === 'tool').length
}
