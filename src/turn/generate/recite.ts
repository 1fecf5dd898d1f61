import { childrenOf, isLive, type JournalTurn } from '../../conversation/journal.ts'
import { positionAfter } from '../../conversation/position-after.ts'
import type { MessageCall } from '../../conversation/message.ts'
import { isSameTurn } from '../journals/local-journal.ts'
import { withAbandoned } from '../prepare/prepare-turn.ts'
import { QUIET_REPLY } from '../quiet-words.ts'
import type { TurnEnd } from '../turn.ts'
import type { LiveTurn } from './live-turn.ts'
import { sayWords } from './speak.ts'

type FinishReason = TurnEnd['finishReason']

/** As long as a process that is gone is taken for alive. */
const UNSEEN_FOR_MS = 4000

/**
 * Says what another instance answers to the very same request, once it is whole. Null if that came to
 * nothing, as the other instance died or failed: then it must be generated here.
 */
export async function recite(turn: LiveTurn, elsewhere: JournalTurn): Promise<FinishReason | null> {
  const tried = new Set<JournalTurn>()
  let source: JournalTurn | undefined = elsewhere
  while (source) {
    const endWait = turn.fillers.wait()
    const ended = await whenEnded(turn, source).finally(endWait)
    if (ended.status === 'finished') return sayAgain(turn, ended)
    if (ended.status === 'running') break
    tried.add(source).add(ended)
    source = otherAttempts(turn, elsewhere).find((other) => !tried.has(other))
  }
  // What they did is told to the model, as it is where the request comes after they have ended.
  turn.prepared = withAbandoned(turn.prepared, [...tried])
  turn.log.warn({}, 'taken over from another instance')
  return null
}

/** As it ended, or as it was when it was seen last: then nobody can say whether it goes on. */
async function whenEnded(
  { journals, prepared, signal, now }: LiveTurn,
  source: JournalTurn,
): Promise<JournalTurn> {
  let seen = source
  let seenAt = now()
  while (seen.status === 'running' && now() - seenAt < UNSEEN_FOR_MS) {
    journals.awaitElsewhere(prepared.identity, seen)
    await journals.changed(prepared.identity, signal)
    // One that a store had lost and is told of again is another object.
    const known = prepared.journal.turns.find((other) => isSameTurn(other, seen))
    if (known && journals.isUp()) [seen, seenAt] = [known, now()]
  }
  return seen
}

/** A third request may have got the answer. Older ones only: nobody waits in a circle. */
function otherAttempts(
  { prepared, journalled }: LiveTurn,
  failed: JournalTurn,
): readonly JournalTurn[] {
  return childrenOf(prepared.journal, journalled.parent).filter(
    (other) =>
      other.id < journalled.id &&
      other.kind === failed.kind &&
      other.exchange === failed.exchange &&
      other.userText === failed.userText &&
      other.tailKey === failed.tailKey &&
      (isLive(other) || other.status === 'finished'),
  )
}

async function sayAgain(turn: LiveTurn, source: JournalTurn): Promise<FinishReason> {
  const { journalled, voice } = turn
  // It may have begun elsewhere than it was going to when this one was decided on.
  journalled.start = source.start
  journalled.saysOnEntry = source.saysOnEntry
  journalled.transitionsBefore = source.transitionsBefore
  journalled.changes.push(...source.changes)
  journalled.serverCalls.push(...source.serverCalls)
  journalled.effects.push(...source.effects.map((effect) => ({ ...effect })))
  journalled.readBack = source.readBack
  turn.position = positionAfter(source, 'full')
  // Nothing is waited for any more, so there is nothing to bridge.
  for (const { text } of source.pieces.filter(({ type }) => type === 'answer')) {
    // Others may be waiting for this turn in their turn: one who does not read on must not hold it up.
    void sayWords(turn, text.trimStart())
  }
  const due = callsToIssue(turn, source)
  for (const call of due) void voice.call(call)
  if (due.length > 0) return 'tool_calls'
  if (!voice.hasAnswered()) void voice.say('answer', QUIET_REPLY)
  return source.finishReason === 'tool_calls' ? 'stop' : source.finishReason
}

/** What was delivered there is never issued twice, and a platform may act on any call that reaches it. */
function callsToIssue(
  { prepared, settings }: LiveTurn,
  { sent, platformCalls }: JournalTurn,
): readonly MessageCall[] {
  if (sent.isWhole) return []
  const offered = new Set(prepared.request.platformTools.map(({ name }) => name))
  return platformCalls.filter(({ name }) => offered.has(name) && name !== settings.view.stateTool)
}
