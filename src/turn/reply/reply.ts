import { endTurn, type FinishReason, type JournalTurn } from '../../conversation/journal.ts'
import { TurnstateError } from '../../errors.ts'
import { answerSilence } from '../generate/answer-silence.ts'
import { createAttachGrace } from './attach-grace.ts'
import { createAudience } from './audience.ts'
import { awaitWrites } from '../generate/await-writes.ts'
import { createFillers } from '../generate/fillers.ts'
import { generate } from '../generate/generate.ts'
import {
  keepTurn,
  keepTurnSoon,
  toLiveTurn,
  type Beginning,
  type LiveTurn,
  type TurnDependencies,
} from '../generate/live-turn.ts'
import { toMarkerCall } from '../generate/marker.ts'
import { createPrefetches } from '../generate/prefetch.ts'
import { recite } from '../generate/recite.ts'
import { speak } from '../generate/speak.ts'
import type { PreparedTurn } from '../prepare/prepare-turn.ts'
import { SILENT_WORD } from '../quiet-words.ts'
import { BUILT_IN_FALLBACK } from '../settings.ts'
import { toTurnEnd } from '../turn-end.ts'
import type { TurnEnd, TurnListener } from '../turn.ts'
import { createVoice } from './voice.ts'

interface TurnToRun {
  readonly prepared: PreparedTurn
  readonly journalled: JournalTurn
  /** Another instance generates this very answer. */
  readonly elsewhere: JournalTurn | null
}

/** A turn that runs: one generation, whoever listens to it. */
export interface Reply {
  /** Listens from the beginning; any number may. Rejects as `TurnAnswer.run` does. */
  readonly follow: (listener: TurnListener) => Promise<TurnEnd>
  /**
   * Another request took its place: the model call ends, what is not begun is not done, and whoever
   * listens gets a clean end.
   */
  readonly supersede: () => void
  /** Resolves once nothing of it goes on any more: no model call, no write. */
  readonly ended: Promise<unknown>
}

/** Begins to generate the answer of a prepared turn, and sees to it that it ends well whatever happens. */
export function startReply(
  dependencies: TurnDependencies,
  { prepared, journalled, elsewhere }: TurnToRun,
): Reply {
  const { settings, now } = dependencies
  const [end, replace] = [new AbortController(), new AbortController()]
  const signals = { signal: end.signal, replaced: replace.signal }
  const unheard = { ...signals, prepared, journalled }
  const { turn, audience, grace } = withAudience(dependencies, unheard, abandon)
  const tooLong = () => new TurnstateError('upstream_timeout', 'The answer took too long.')
  const limit = setTimeout(() => end.abort(tooLong()), settings.turnTimeoutMs)
  let outcome: TurnEnd | TurnstateError | undefined

  function conclude(
    status: 'finished' | 'failed' | 'aborted',
    result: FinishReason | TurnstateError,
  ) {
    if (outcome) return
    const finishReason = typeof result === 'string' ? result : 'stop'
    const willBeSent = status === 'failed' && typeof result === 'string' && !audience.isEmpty()
    endTurn(journalled, { status, finishReason, now: now(), willBeSent })
    outcome = toOutcome(turn, result, status)
    clearTimeout(limit)
    grace.end()
    turn.fillers.end()
    turn.prefetches.end()
    // Whoever hears the end finds the turn as it ended, at whatever instance.
    const close = () => audience.close(status === 'aborted' ? SILENT_WORD : '')
    void keepTurn(turn).then(close, close)
  }

  function abandon(): void {
    const gone = new TurnstateError('caller_gone', 'The caller is gone.')
    conclude('aborted', gone)
    end.abort(gone)
  }

  const hasStarted = () => audience.hasStarted()
  const generated = answerOrFail(turn, { elsewhere, hasStarted, conclude })

  return {
    ended: generated.then(() => dependencies.writes.ended([journalled])),
    async follow(listener) {
      await audience.follow(listener)
      if (!outcome || outcome instanceof TurnstateError) throw outcome ?? new Error('no outcome')
      return outcome
    },
    supersede() {
      replace.abort()
      conclude('aborted', 'stop')
      end.abort(new TurnstateError('caller_gone', 'Another request took its place.'))
    },
  }
}

type Unheard = Omit<Beginning, 'voice' | 'fillers' | 'prefetches'>

/** The turn, with those who listen to it and what depends on whether somebody does. */
function withAudience(dependencies: TurnDependencies, unheard: Unheard, abandon: () => void) {
  const { settings, journals, now } = dependencies
  const { prepared, journalled } = unheard
  const graceMs = settings.attachGraceMs
  const grace = createAttachGrace({ prepared, journalled, journals, graceMs, abandon })
  const onAudience = (isThere: boolean) => {
    grace.audienceChanged(isThere)
    turn.fillers.audienceChanged()
  }
  const audience = createAudience({ turn: journalled, now, onAudience })
  const onSaid = () => {
    turn.fillers.spoke()
    keepTurnSoon(turn)
  }
  const turn: LiveTurn = toLiveTurn(dependencies, {
    ...unheard,
    voice: createVoice(journalled, audience, onSaid),
    fillers: createFillers({
      // Whoever says nothing waits for nothing.
      isWanted: settings.hasFillers && prepared.facts.kind !== 'silence',
      turn: () => turn,
      isStreamed: () => audience.isStreamed(),
    }),
    prefetches: createPrefetches(),
  })
  return { turn, audience, grace }
}

function toOutcome(
  { prepared, settings, position, usage }: LiveTurn,
  result: FinishReason | TurnstateError,
  status: Exclude<JournalTurn['status'], 'running'>,
): TurnEnd | TurnstateError {
  if (typeof result !== 'string') return result
  const how = { isSuperseded: status === 'aborted', isFailed: status === 'failed' }
  return toTurnEnd(prepared, settings, { finishReason: result, position, usage, ...how })
}

interface Ending {
  readonly elsewhere: JournalTurn | null
  /** Somebody has seen a sign of life: a failure can only be spoken. */
  readonly hasStarted: () => boolean
  readonly conclude: (status: 'finished' | 'failed', result: FinishReason | TurnstateError) => void
}

/** Never rejects. */
async function answerOrFail(
  turn: LiveTurn,
  { elsewhere, hasStarted, conclude }: Ending,
): Promise<void> {
  try {
    const finishReason = await answer(turn, elsewhere)
    conclude('finished', (await sayMarker(turn)) ? 'tool_calls' : finishReason)
  } catch (error) {
    if (turn.journalled.status !== 'running') return
    const { fallback } = turn.settings
    const known = error instanceof TurnstateError ? error : null
    if (fallback === null && !hasStarted()) {
      const unknown = new TurnstateError('internal', 'Something went wrong.', { cause: error })
      conclude('failed', known ?? unknown)
      return
    }
    if (known) turn.log.warn({ code: known.code }, 'fallback spoken')
    else turn.log.error({ err: error }, 'turn broke, fallback spoken')
    // It must end even if these words cannot be said.
    await speak(turn, fallback ?? BUILT_IN_FALLBACK, 'filler').catch((err: unknown) =>
      turn.log.error({ err }, 'the fallback could not be spoken'),
    )
    conclude('failed', (await sayMarker(turn)) ? 'tool_calls' : 'stop')
  }
}

async function answer(turn: LiveTurn, elsewhere: JournalTurn | null): Promise<FinishReason> {
  const recited = elsewhere && (await recite(turn, elsewhere))
  if (recited) return recited
  await awaitWrites(turn)
  const say = turn.settings.flow.states[turn.position.state]?.say
  if (turn.prepared.saysOnEntry && say) {
    await speak(turn, say)
    return 'stop'
  }
  const { facts, request } = turn.prepared
  const isSilence = facts.kind === 'silence' && request.isTriggered !== true
  return isSilence ? answerSilence(turn) : generate(turn, [])
}

/** Lets the history itself carry a state that has changed, where the platform offers the tool for it. */
async function sayMarker(turn: LiveTurn): Promise<boolean> {
  const { settings, prepared, position, voice } = turn
  const call = toMarkerCall({
    token: settings.token,
    stateTool: settings.view.stateTool,
    platformTools: prepared.request.platformTools,
    identity: prepared.identity,
    view: prepared.view,
    position,
    carried: prepared.carried,
  })
  if (call === 'too_large') turn.log.warn({}, 'the state is too large for a marker')
  if (call === null || call === 'too_large') return false
  await voice.call(call)
  return true
}
