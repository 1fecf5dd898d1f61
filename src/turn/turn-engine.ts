import type { ConversationKey, KeyMaterial } from '../conversation/conversation-key.ts'
import { addTurn, createJournal, type Journal, type JournalTurn } from '../conversation/journal.ts'
import { toUserText } from '../conversation/user-key.ts'
import { TurnstateError } from '../errors.ts'
import type { MemoryStore } from '../store/memory-store.ts'
import { toDerivation } from './prepare/derivation.ts'
import { journalId, prepareTurn, viewOf, type PreparedTurn } from './prepare/prepare-turn.ts'
import { onlyOffered } from './reply/only-offered.ts'
import { createPendingWrites } from './generate/pending-writes.ts'
import { answerQuietly, replay } from './reply/replay.ts'
import { startReply, type Reply, type ReplyDependencies } from './reply/reply.ts'
import type { TurnSettings } from './settings.ts'
import type { AnswerSource, TurnAnswer, TurnEngine } from './turn.ts'
import type { TurnRequest } from './turn-request.ts'

interface TurnEngineDependencies extends Omit<ReplyDependencies, 'writes'> {
  readonly resolveKey: (systemText: string, material: KeyMaterial) => ConversationKey | null
  /** Null: nothing is remembered between requests. */
  readonly store: MemoryStore<Journal> | null
  readonly date: () => Date
}

/** A call has a few dozen turns and some ten thousand characters. */
const JOURNAL_LIMITS = { maxTurns: 2000, maxCharacters: 4_000_000 }
/** Platforms were seen to ask eight times at once; each attempt is compared with all others. */
const MAX_RUNNING_TURNS = 64

export function createTurnEngine(given: TurnEngineDependencies): TurnEngine {
  const dependencies = { ...given, writes: createPendingWrites() }
  const { settings, store, ledger, log, now } = dependencies
  const prepare = createPrepare(given)
  /** Turns that run in this process. */
  const replies = new Map<JournalTurn, Reply>()

  function generateFor(prepared: PreparedTurn): TurnAnswer {
    const { identity, facts } = prepared
    const journalled = journalTurn(prepared, now())
    const weigh = () => facts.conversation !== null && store?.weigh(identity)
    const onEnd = () => {
      replies.delete(journalled)
      weigh()
    }
    weigh()
    const reply = startReply(dependencies, { prepared, journalled, onEnd })
    if (journalled.status === 'running') replies.set(journalled, reply)
    const { follow: run, ended } = reply
    return toTurnAnswer(prepared, { source: 'generated', journalled, run, ended })
  }

  return {
    derive(request) {
      const peek = (id: string) => (store ? (store.peek(id) ?? createJournal()) : null)
      return toDerivation(prepare(request, peek), settings)
    },
    begin(request) {
      const prepared = prepare(request, (id) => store?.open(id) ?? null)
      ledger?.keep(prepared.identity)
      const { superseded, path } = prepared.resolution
      const { conversation } = prepared.facts
      for (const reason of prepared.rejectedSeals) log.warn({ reason }, 'sealed state ignored')
      if (isCold(prepared)) log.info({ conversation }, 'a call under way that is not remembered')
      for (const { turn } of path) turn.shown = true
      for (const turn of superseded) replies.get(turn)?.supersede()
      return answerFrom(prepared, { settings, replies }) ?? generateFor(prepared)
    },
  }
}

interface Running {
  readonly settings: TurnSettings
  readonly replies: ReadonlyMap<JournalTurn, Reply>
}

/** From a turn that there is already; null: it must be generated. */
function answerFrom(prepared: PreparedTurn, { settings, replies }: Running): TurnAnswer | null {
  const { request, resolution } = prepared
  const { answer } = resolution
  switch (answer.type) {
    case 'generate':
      return null
    case 'join': {
      const { turn: journalled } = answer
      const reply = replies.get(journalled)
      const joined = reply && onlyOffered(reply.follow, request)
      return joined ? toTurnAnswer(prepared, { ...joined, source: 'joined', journalled }) : null
    }
    case 'replay': {
      const { turn: journalled } = answer
      journalled.replays += 1
      const again: Run = (listener) => replay(journalled, { prepared, settings }, listener)
      const replayed = onlyOffered(again, request)
      return toTurnAnswer(prepared, { ...replayed, source: 'replayed', journalled })
    }
    case 'quiet': {
      const run: Run = (listener) => answerQuietly({ prepared, settings }, listener)
      return toTurnAnswer(prepared, { source: 'quiet', journalled: null, run })
    }
  }
}

/** The history goes back further than the memory: a restart, or another instance before. */
function isCold({ isRemembered, journal, view }: PreparedTurn): boolean {
  return isRemembered && journal.turns.length === 0 && view.answered.length > 0
}

type JournalOf = (id: string) => Journal | null

function createPrepare(dependencies: TurnEngineDependencies) {
  const { settings, resolveKey } = dependencies
  return (request: TurnRequest, journalOf: JournalOf): PreparedTurn => {
    const view = viewOf(request, settings)
    const key = resolveKey(view.systemText, request.keyMaterial)
    const id = journalId(request.caller, key)
    const journal = id === null ? null : journalOf(id)
    const [now, date] = [dependencies.now(), dependencies.date()]
    return prepareTurn(request, view, { settings, key, journal, now, date })
  }
}

type Run = TurnAnswer['run']

interface Answering {
  readonly source: AnswerSource
  /** The turn whose words are given; null where there are none. */
  readonly journalled: JournalTurn | null
  readonly run: Run
  /** Nothing of the turn was left out for this request. */
  readonly isWhole?: () => boolean
  readonly ended?: Promise<unknown>
}

function toTurnAnswer({ facts }: PreparedTurn, answering: Answering): TurnAnswer {
  const { source, journalled, run, isWhole, ended = Promise.resolve() } = answering
  return {
    facts,
    source,
    run,
    ended,
    delivered() {
      // The end was flushed: from now on the platform has its calls.
      if (journalled?.status !== 'finished' || isWhole?.() === false) return
      journalled.sent.isWhole = true
      journalled.sent.closedBy = 'server'
    },
  }
}

function journalTurn(prepared: PreparedTurn, startedAt: number): JournalTurn {
  const { resolution, journal, start, saysOnEntry, transitions: transitionsBefore } = prepared
  const { kind, exchange, node: parent, open, tailKey } = resolution
  refuseCrowd(journal)
  const turn = {
    parent,
    kind,
    exchange,
    userText: toUserText(open),
    start,
    saysOnEntry,
    transitionsBefore,
    refusesWrites: kind === 'late',
    tailKey,
    startedAt,
  }
  return addTurn(journal, turn, JOURNAL_LIMITS)
}

function refuseCrowd(journal: Journal): void {
  const running = journal.turns.filter((turn) => turn.status === 'running').length
  if (running < MAX_RUNNING_TURNS) return
  throw new TurnstateError('overloaded', 'Too many requests for this conversation at once.')
}
