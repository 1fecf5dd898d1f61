import {
  isContinuation,
  isUnderWay,
  replyText,
  wasAnswered,
  type Journal,
  type JournalTurn,
} from './journal.ts'
import { fitHeard, isPartOf } from './fit-heard.ts'
import type { ConversationMessage } from './message.ts'
import { toWords } from './words.ts'

/*
 * Some platforms send only what is new. There the journal is the conversation: user speech as it came,
 * replies as far as they were heard.
 */

/** These platforms report nothing of what they were told to do. */
const DONE = '{"status":"ok"}'

/** The conversation so far, as a platform that sends it would. */
export function journalHistory(journal: Journal): readonly ConversationMessage[] {
  return spokenPath(journal).flatMap(messagesOf)
}

/** Fewer words than this could be of any answer. */
const MIN_PROOF_WORDS = 3

/**
 * The caller spoke over what is being said: it ends, and this is what was heard of it; null if nobody
 * can say. What has said nothing yet was not spoken over, and goes on. Returns the turns that are over
 * now.
 */
export function noteInterruption(journal: Journal, told: string | null): readonly JournalTurn[] {
  const over = journal.turns.filter(
    (turn) => isUnderWay(turn) && !turn.superseded && (wasAnswered(turn) || isContinuation(turn)),
  )
  for (const turn of over) turn.superseded = true
  if (told !== null) noteHeard(spokenPath(journal), told)
  return over
}

function noteHeard(path: readonly JournalTurn[], told: string): void {
  const said = path.filter((turn) => heardReply(turn) !== '')
  const last = said.at(-1)
  if (!last || last.heardText !== null) return
  const before = said.at(-2)
  if (before && before.heardText === null && isOfEarlier(told, before, last)) {
    before.heardText = fitHeard(told, replyText(before))
    last.heardText = ''
    return
  }
  // Words that were said before the last speech must be known to be those.
  const isNewest = path.slice(path.indexOf(last) + 1).every(isContinuation)
  if (isNewest || isPartOf(told, replyText(last))) last.heardText = fitHeard(told, replyText(last))
}

/** The platform was still at the answer before when the last one had come already. */
function isOfEarlier(told: string, before: JournalTurn, last: JournalTurn): boolean {
  return (
    toWords(told).length >= MIN_PROOF_WORDS &&
    isPartOf(told, replyText(before)) &&
    !isPartOf(told, replyText(last))
  )
}

/** The turns that the conversation consists of, from its beginning on. */
function spokenPath(journal: Journal): readonly JournalTurn[] {
  const path: JournalTurn[] = []
  const last = journal.latest && lastContinuation(journal.latest)
  for (let turn = last; turn; turn = turn.parent) path.unshift(turn)
  if (path[0]?.kind === 'opening') return path
  const opening = journal.children.findLast((turn) => turn.kind === 'opening' && wasAnswered(turn))
  const greeting: JournalTurn[] = []
  for (let turn = opening && lastContinuation(opening); turn; turn = turn.parent ?? undefined) {
    greeting.unshift(turn)
  }
  return [...greeting, ...path]
}

/** What was said last without new speech of the caller. */
function lastContinuation(turn: JournalTurn): JournalTurn {
  let last = turn
  for (;;) {
    const next = last.children.findLast((child) => isContinuation(child) && wasAnswered(child))
    if (!next) return last
    last = next
  }
}

function messagesOf(turn: JournalTurn): readonly ConversationMessage[] {
  const { userText, heardText, platformCalls, sent } = turn
  const calls = platformCalls.slice(0, sent.calls)
  const text = heardReply(turn)
  const reply: ConversationMessage = {
    role: 'assistant',
    text,
    ...(calls.length > 0 && { calls }),
    ...(heardText !== null && { interrupted: { original: replyText(turn) } }),
  }
  return [
    ...(userText === '' ? [] : [{ role: 'user', text: userText } as const]),
    ...(text === '' && calls.length === 0 ? [] : [reply]),
    ...calls.map(({ id }) => ({ role: 'tool', callId: id, text: DONE }) as const),
  ]
}

/** What the platform says was heard of it; else all that it got. */
function heardReply(turn: JournalTurn): string {
  const { heardText, sent, status } = turn
  if (heardText !== null) return heardText
  const reply = replyText(turn)
  return status === 'finished' && sent.isWhole ? reply : reply.slice(0, sent.characters)
}
