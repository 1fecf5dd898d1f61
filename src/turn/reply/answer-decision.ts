import type { JournalTurn } from '../../conversation/journal.ts'
import type { Decision } from '../decide.ts'
import type { TurnDependencies } from '../generate/live-turn.ts'
import type { AnswerSource, TurnAnswer } from '../turn.ts'
import { onlyOffered } from './only-offered.ts'
import { answerQuietly, replay } from './replay.ts'
import { startReply, type Reply } from './reply.ts'

type Run = TurnAnswer['run']

/**
 * Answers requests as it was decided: anew, from a turn under way, from one that has ended. Null where
 * the turn to follow has come to nothing since: it is to be decided again.
 */
export function createAnswers(
  dependencies: TurnDependencies,
  /** Turns of this process under way, be it only that they still change something. */
  replies: Map<JournalTurn, Reply>,
): (decision: Decision) => TurnAnswer | null {
  const { journals, settings } = dependencies

  function generate(decision: Decision, journalled: JournalTurn): Answering {
    const { prepared, elsewhere } = decision
    const reply = startReply(dependencies, { prepared, journalled, elsewhere })
    replies.set(journalled, reply)
    void reply.ended.finally(() => replies.delete(journalled))
    return { source: 'generated', run: reply.follow, ended: reply.ended }
  }

  function answering(decision: Decision): Answering | null {
    const { prepared, source, turn } = decision
    if (!turn) {
      const run: Run = (listener) => answerQuietly({ prepared, settings }, listener)
      return { source: 'quiet', run }
    }
    // It has ended since the decision, which took its time.
    const hasEnded = source === 'join' && !replies.has(turn) && turn.status === 'finished'
    if (source === 'replay' || hasEnded) {
      const again: Run = (listener) => replay(turn, { prepared, settings }, listener)
      return { ...onlyOffered(again, prepared.request), source: 'replayed' }
    }
    if (source === 'generate') return generate(decision, turn)
    const reply = replies.get(turn)
    return reply ? { ...onlyOffered(reply.follow, prepared.request), source: 'joined' } : null
  }

  return (decision) => {
    const { prepared, turn } = decision
    const answer = answering(decision)
    if (!answer) return null
    const { source, run, isWhole, ended = Promise.resolve() } = answer
    return {
      facts: prepared.facts,
      source,
      run,
      ended,
      // Who takes note of something says nothing that is no answer.
      hasAnswered: () => turn?.pieces.some(({ type }) => type === 'answer') ?? true,
      delivered() {
        // The end was flushed: from now on the platform has its calls.
        if (turn?.status !== 'finished' || isWhole?.() === false) return
        turn.sent.isWhole = true
        turn.sent.closedBy = 'server'
        if (prepared.isRemembered) void journals.keep(prepared.identity, turn)
      },
    }
  }
}

interface Answering {
  readonly source: AnswerSource
  readonly run: Run
  /** Nothing of the turn was left out for this request. */
  readonly isWhole?: () => boolean
  readonly ended?: Promise<unknown>
}
