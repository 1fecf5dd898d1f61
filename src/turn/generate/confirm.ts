import type { AnsweredCall, ReadBack } from '../../conversation/journal.ts'
import { endsWithReadBack, readBackDigest, resemblesReadBack } from '../../effects/read-back.ts'
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
  const answer = answerTo(turn, readBack)
  if (answer === 'yes') return null
  if (answer === 'not_provable') return refused(write.call, NOT_PROVABLE)
  if (turn.readBack) {
    return refused(write.call, 'Not done: the caller is asked to confirm something else first.')
  }
  turn.readBack = readBack
  return toAnswered(
    write.call,
    JSON.stringify({ status: 'to_be_confirmed', note: TO_BE_CONFIRMED, read_back: readBack.words }),
  )
}

const NOT_PROVABLE =
  'Not done: it cannot be made sure that the caller has confirmed just this. Do not ask once more; tell the caller that you cannot do that here.'
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

/**
 * `yes`: the last reply that the history shows is the one that read it back, heard to its end, and the
 * caller agrees. Where nobody remembers that reply, its words alone must prove it, numbers included;
 * a yes to words that are nearly the same proves nothing, and to ask again would end like this again.
 */
function answerTo(turn: LiveTurn, readBack: DueReadBack): 'yes' | 'not_provable' | 'no' {
  const { prepared, position, assents } = turn
  const { open, path, exchange } = prepared.resolution
  const { language } = position.variables
  const agrees =
    open !== null &&
    assents(open.text, {
      readBack: readBack.words,
      language: typeof language === 'string' ? language : undefined,
    })
  if (!agrees) return 'no'
  const last = path.at(-1)
  const block = prepared.view.answered.at(-1)?.answer ?? prepared.view.greeting
  const said = block.at(-1)
  if (last !== undefined && block.includes(last.message)) {
    const isRead =
      last.turn.readBack?.digest === readBack.digest && last.turn.exchange === exchange - 1
    // What somebody else said after it is another question.
    return isRead && last.heard === 'full' && said === last.message ? 'yes' : 'no'
  }
  if (said?.role !== 'assistant' || said.calls) return 'no'
  if (endsWithReadBack(said.text, readBack.words)) return 'yes'
  return resemblesReadBack(said.text, readBack.words) ? 'not_provable' : 'no'
}
