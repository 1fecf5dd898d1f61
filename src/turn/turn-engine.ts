import { noteInterruption } from '../conversation/journal-history.ts'
import { wasAnswered, type Journal, type JournalTurn } from '../conversation/journal.ts'
import { TurnstateError } from '../errors.ts'
import type { SpokenText } from '../flow/definition.ts'
import type { Log } from '../observability/log.ts'
import { decide, type Decision } from './decide.ts'
import type { TurnDependencies } from './generate/live-turn.ts'
import { createPendingWrites } from './generate/pending-writes.ts'
import { toDerivation } from './prepare/derivation.ts'
import { prepareRequest, seeRequest, type PrepareDependencies } from './prepare/prepare-request.ts'
import { journalId } from './prepare/prepare-turn.ts'
import { createAnswers } from './reply/answer-decision.ts'
import type { Reply } from './reply/reply.ts'
import { BUILT_IN_FALLBACK } from './settings.ts'
import { answerSideJob } from './side-job.ts'
import type { TurnAnswer, TurnEngine } from './turn.ts'
import type { TurnRequest } from './turn-request.ts'
import type { UndoSchedule } from './undo/undo-schedule.ts'
import { createUndos } from './undo/undos.ts'

interface TurnEngineDependencies
  extends Omit<TurnDependencies, 'writes' | 'undos'>, PrepareDependencies {
  readonly schedule: UndoSchedule
  /** The name of this process among the instances of the server. */
  readonly instance: string
}

/** Of one request, when what it was to follow ends each time before it could. */
const MAX_DECISIONS = 5

export function createTurnEngine(dependencies: TurnEngineDependencies): TurnEngine {
  const { journals, ledger, instance, log, now } = dependencies
  const undos = createUndos(dependencies)
  const replies = new Map<JournalTurn, Reply>()
  const answer = createAnswers({ ...dependencies, undos, writes: createPendingWrites() }, replies)
  journals.onSuperseded((turn) => replies.get(turn)?.supersede())

  async function decideOn(request: TurnRequest): Promise<Decision> {
    const seen = seeRequest(dependencies, request)
    const take = (journal: Journal | null) =>
      decide(prepareRequest(dependencies, seen, journal), { now: now(), instance })
    return seen.id === null ? take(null) : journals.update(seen.id, take)
  }

  function beginSideJob(request: TurnRequest): TurnAnswer {
    const { key } = seeRequest(dependencies, request)
    const { upstream, settings } = dependencies
    return answerSideJob(request, key, { upstream, timeoutMs: settings.turnTimeoutMs })
  }

  return {
    async derive(request) {
      const seen = seeRequest(dependencies, request)
      const journal = seen.id === null ? null : await journals.peek(seen.id)
      return toDerivation(prepareRequest(dependencies, seen, journal), dependencies)
    },
    async begin(request) {
      if (request.isSideJob) return beginSideJob(request)
      for (let tries = 0; tries < MAX_DECISIONS; tries++) {
        const decision = await decideOn(request)
        const { prepared, undos: due } = decision
        ledger.keep(prepared.identity)
        logOddities(log, decision)
        for (const turn of prepared.resolution.superseded) replies.get(turn)?.supersede()
        if (prepared.isRemembered) undos.requested(prepared, due)
        const answered = answer(decision)
        // A continuation can have been spoken over since it was decided on.
        if (decision.turn?.superseded) replies.get(decision.turn)?.supersede()
        if (answered) return answered
      }
      throw new TurnstateError('overloaded', 'Too many requests for this conversation at once.')
    },
    async isKnown(request) {
      const { id } = seeRequest(dependencies, request)
      const journal = id === null ? null : await journals.peek(id)
      return journal?.turns.some(wasAnswered) ?? false
    },
    async interrupted({ caller, keyMaterial }, heardText) {
      const id = journalId(caller, dependencies.resolveKey('', keyMaterial))
      if (id === null) return
      const over = await journals.update(id, (journal) =>
        journal ? noteInterruption(journal, heardText) : [],
      )
      for (const turn of over) replies.get(turn)?.supersede()
    },
    apology: anyLanguage(dependencies.settings.fallback ?? BUILT_IN_FALLBACK),
    idle: () => undos.idle(),
  }
}

/** Where nothing is known of a conversation, its language is not either. */
function anyLanguage(text: SpokenText): string {
  return typeof text === 'string' ? text : (Object.values(text)[0] ?? BUILT_IN_FALLBACK)
}

function logOddities(log: Log, { prepared, isCold }: Decision): void {
  for (const reason of prepared.rejectedSeals) log.warn({ reason }, 'sealed state ignored')
  const { conversation } = prepared.facts
  if (isCold) log.info({ conversation }, 'a call under way that is not remembered')
}
