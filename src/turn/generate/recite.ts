import { childrenOf, isLive, positionAfter, type JournalTurn } from '../../conversation/journal.ts'
import type { MessageCall } from '../../conversation/message.ts'
import { byLanguage } from '../../flow/spoken-text.ts'
import type { FillerOptions } from '../options.ts'
import { QUIET_REPLY } from '../quiet-words.ts'
import type { TurnEnd } from '../turn.ts'
import type { LiveTurn } from './live-turn.ts'
import { sayWords } from './speak.ts'

type FinishReason = TurnEnd['finishReason']

/**
 * Says what another instance answers to the very same request, once it is whole. Null if that came to
 * nothing, as the other instance died or failed: then it must be generated here.
 */
export async function recite(turn: LiveTurn, elsewhere: JournalTurn): Promise<FinishReason | null> {
  const filler = createFiller(turn)
  const tried = new Set<JournalTurn>()
  let source: JournalTurn | undefined = elsewhere
  while (source) {
    tried.add(source)
    await waitFor(turn, source, filler)
    if (source.status === 'finished') return sayAgain(turn, source)
    source = otherAttempts(turn, elsewhere).find((other) => !tried.has(other))
  }
  turn.log.warn({}, 'taken over from another instance')
  return null
}

async function waitFor(turn: LiveTurn, source: JournalTurn, filler: Filler): Promise<void> {
  const { journals, prepared, signal } = turn
  while (source.status === 'running') {
    journals.awaitElsewhere(prepared.identity, source)
    await filler.saySome()
    await journals.changed(prepared.identity, signal)
  }
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
  journalled.changes.push(...source.changes)
  journalled.serverCalls.push(...source.serverCalls)
  journalled.effects.push(...source.effects.map((effect) => ({ ...effect })))
  journalled.readBack = source.readBack
  turn.position = positionAfter(source, 'full')
  if (source.pieces.length > 0) voice.startSentence()
  for (const { type, text } of source.pieces) await voice.say(type, text)
  const due = callsToIssue(turn, source)
  for (const call of due) await voice.call(call)
  if (due.length > 0) return 'tool_calls'
  if (!voice.hasAnswered()) await voice.say('answer', QUIET_REPLY)
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

interface Filler {
  saySome(): Promise<void>
}

/** Keeps the caller company while the other instance takes long. */
function createFiller(turn: LiveTurn): Filler {
  const { settings, now, position, journalled } = turn
  const options = settings.filler
  if (!options) return { saySome: () => Promise.resolve() }
  const texts = textsIn(options, position.variables['language'])
  let said = 0
  let dueAt = journalled.startedAt + options.after_ms
  return {
    async saySome() {
      const text = texts[said % texts.length]
      if (text === undefined || now() < dueAt) return
      said += 1
      dueAt = now() + options.again_after_ms
      await sayWords(turn, text, 'filler')
    },
  }
}

function textsIn({ texts }: FillerOptions, language: unknown): readonly string[] {
  return Array.isArray(texts) ? texts : (byLanguage(texts, language) ?? [])
}
