import type { AnsweredCall, ReadBack } from '../../conversation/journal.ts'
import { endsWithReadBack, readBackDigest } from '../../effects/read-back.ts'
import { inLanguage } from '../../flow/spoken-text.ts'
import { lookupIn, renderTemplate } from '../../flow/template.ts'
import { declaredArguments } from '../../flow/tool-definition.ts'
import { refused, toAnswered } from './answered-call.ts'
import type { LiveTurn } from './live-turn.ts'
import type { ServerCall } from './server-call.ts'

/** What the caller must say yes to, in the words that they will hear. */
export interface DueReadBack extends ReadBack {
  readonly words: string
}

/**
 * Null if the caller has said yes to this very call: the last thing that they heard was its read-back.
 * Otherwise nothing runs, the turn ends with the read-back, and this is what the model is told.
 */
export function askToConfirm(turn: LiveTurn, write: ServerCall): AnsweredCall | null {
  const readBack = toReadBack(turn, write)
  if (readBack === null) return refused(write.call, 'Not done: there is nothing to read back.')
  if (isConfirmed(turn, readBack)) return null
  if (turn.readBack) {
    return refused(write.call, 'Not done: the caller is asked to confirm something else first.')
  }
  turn.readBack = readBack
  return toAnswered(
    write.call,
    JSON.stringify({ status: 'to_be_confirmed', note: TO_BE_CONFIRMED, read_back: readBack.words }),
  )
}

const TO_BE_CONFIRMED =
  'Nothing is done yet. The caller is asked to confirm it in these words; once they say yes, call it again with the same arguments.'

/** The model's arguments first, then what the conversation knows; the time of day must not matter. */
function toReadBack(
  { position, prepared, tools }: LiveTurn,
  { call, tool, args }: ServerCall,
): DueReadBack | null {
  const { variables } = position
  const declared = declaredArguments(tools.offer(call.name)?.parameters, args)
  const lookup = lookupIn(declared, { extra: prepared.scope.extra, ...variables })
  const words = renderTemplate(inLanguage(tool.readback ?? '', variables.language), lookup).trim()
  if (words === '') return null
  return {
    tool: call.name,
    words,
    digest: readBackDigest({ tool: call.name, arguments: JSON.stringify(args), words }),
  }
}

function isConfirmed(turn: LiveTurn, readBack: DueReadBack): boolean {
  const { prepared, position, assents } = turn
  const { open } = prepared.resolution
  if (!open || !wasHeard(turn, readBack)) return false
  const { language } = position.variables
  return assents(open.text, {
    readBack: readBack.words,
    language: typeof language === 'string' ? language : undefined,
  })
}

/**
 * The last reply that the history shows is the one that read it back, heard to its end. Where nobody
 * remembers that reply, its words alone must prove it, numbers included.
 */
function wasHeard({ prepared }: LiveTurn, { digest, words }: DueReadBack): boolean {
  const { path, exchange } = prepared.resolution
  const last = path.at(-1)
  const block = prepared.view.answered.at(-1)?.answer ?? prepared.view.greeting
  const knowsReply = last !== undefined && block.includes(last.message)
  if (knowsReply) {
    const { turn, heard } = last
    return heard === 'full' && turn.readBack?.digest === digest && turn.exchange === exchange - 1
  }
  const said = block.at(-1)
  return said?.role === 'assistant' && !said.calls && endsWithReadBack(said.text, words)
}
