import { addTurn, type Journal, type JournalTurn } from '../conversation/journal.ts'
import { greetingKeyOf } from '../conversation/greeting-key.ts'
import { toUserText } from '../conversation/user-key.ts'
import { TurnstateError } from '../errors.ts'
import type { PreparedTurn } from './prepare/prepare-turn.ts'
import { noteUndo, undosDecidedBy, type DueUndo } from './undo/due-undos.ts'

/** What becomes of a request. */
export interface Decision {
  readonly prepared: PreparedTurn
  /** `join`: a turn that runs in this process; `quiet`: no turn at all. */
  readonly source: 'generate' | 'join' | 'replay' | 'quiet'
  /** The turn whose words the answer is. */
  readonly turn: JournalTurn | null
  /** Another instance generates this very answer. */
  readonly elsewhere: JournalTurn | null
  /** To be undone now. */
  readonly undos: readonly DueUndo[]
  /** The history goes back further than the memory: a restart, or another instance before. */
  readonly isCold: boolean
}

interface DecideOptions {
  readonly now: number
  /** The name of this instance of the server. */
  readonly instance: string
}

/** A call has a few dozen turns and some ten thousand characters. */
const JOURNAL_LIMITS = { maxTurns: 2000, maxCharacters: 4_000_000 }
/** Platforms were seen to ask eight times at once; each attempt is compared with all others. */
const MAX_RUNNING_TURNS = 64

/** Carries into the journal what a request means for it, and nowhere else. */
export function decide(prepared: PreparedTurn, options: DecideOptions): Decision {
  const { resolution, journal } = prepared
  const { answer } = resolution
  const elsewhere =
    answer.type === 'join' && answer.turn.owner !== options.instance ? answer.turn : null
  const begins = answer.type === 'generate' || elsewhere !== null
  if (begins) refuseCrowd(journal)
  const isCold =
    prepared.isRemembered && journal.turns.length === 0 && prepared.view.answered.length > 0
  for (const { turn } of resolution.path) turn.shown = true
  // The instance that it runs in hears of it and ends it.
  for (const turn of resolution.superseded) turn.superseded = true
  const undos = undosDecidedBy(resolution, journal)
  for (const { effect } of undos) noteUndo(journal, effect, 'running')
  const turn = begins ? journalTurn(prepared, options) : 'turn' in answer ? answer.turn : null
  if (answer.type === 'replay') answer.turn.replays += 1
  if (turn && answersCaller(prepared)) journal.latest = turn
  return { prepared, source: begins ? 'generate' : answer.type, turn, elsewhere, undos, isCold }
}

/** Half a sentence, a silence and an opening are no answer to the caller's last words. */
function answersCaller({ resolution: { kind, answer } }: PreparedTurn): boolean {
  return answer.type !== 'quiet' && kind !== 'late' && kind !== 'silence' && kind !== 'opening'
}

function journalTurn(prepared: PreparedTurn, options: DecideOptions): JournalTurn {
  const { resolution, journal, view, start, saysOnEntry } = prepared
  const { kind, exchange, node: parent, open, tailKey } = resolution
  const turn = {
    parent,
    kind,
    exchange,
    userText: toUserText(open),
    start,
    saysOnEntry,
    transitionsBefore: prepared.transitions,
    refusesWrites: kind === 'late',
    tailKey,
    greetingKey: parent ? '' : greetingKeyOf(view.greeting),
    startedAt: options.now,
    owner: options.instance,
  }
  return addTurn(journal, turn, JOURNAL_LIMITS)
}

function refuseCrowd(journal: Journal): void {
  const running = journal.turns.filter((turn) => turn.status === 'running').length
  if (running < MAX_RUNNING_TURNS) return
  throw new TurnstateError('overloaded', 'Too many requests for this conversation at once.')
}
