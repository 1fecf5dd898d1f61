import type { Undo } from '../../conversation/journal.ts'
import type { ShownTurn } from '../../conversation/turn-match.ts'
import type { MessageCall } from '../../conversation/message.ts'
import { isSilent } from '../../conversation/words.ts'
import type { Flow } from '../../flow/definition.ts'
import type { Position } from '../../flow/position.ts'
import { renderTemplate } from '../../flow/template.ts'
import { lookupOf, type Scope } from './scope.ts'
import type { UntoldEffect } from '../prepare/untold-effects.ts'

interface PromptParts {
  readonly flow: Flow
  readonly position: Position
  readonly scope: Scope
  /** The platform's own system text. */
  readonly systemText: string
  readonly notes: readonly string[]
}

/** The one system message: general prompt, the platform's text, the state's prompt, notes. */
export function systemPrompt({ flow, position, scope, systemText, notes }: PromptParts): string {
  const lookup = lookupOf(position.variables, scope)
  const parts = [
    renderTemplate(flow.general_prompt ?? '', lookup),
    systemText,
    renderTemplate(flow.states[position.state]?.state_prompt ?? '', lookup),
    ...notes,
  ]
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n')
}

const LAST_WORDS = 5
/** Of whatever has no spaces. */
const MAX_NOTE_CHARACTERS = 200

/** What the model must know of replies that the caller spoke over. */
export function cutNotes(path: readonly ShownTurn[]): readonly string[] {
  return path.flatMap(({ turn, heard, message }) => {
    // A turn that failed broke off by itself: the caller cut nothing.
    if (heard !== 'partial' || turn.status === 'failed' || isSilent(message.text)) return []
    const last = lastWords(message.text, LAST_WORDS)
    return [`The caller spoke over your reply: it was cut after "${last}".`]
  })
}

/** From the end on, as a regular expression would look at the whole text. */
function lastWords(text: string, count: number): string {
  let end = text.length
  while (end > 0 && /[.\u2026\s]/.test(text.charAt(end - 1))) end--
  let start = end
  for (let left = count; left > 0 && start > 0; left--) {
    start = text.lastIndexOf(' ', start - 1)
  }
  return text.slice(Math.max(start + 1, end - MAX_NOTE_CHARACTERS), end)
}

const UNTOLD = {
  ok: 'Already done, not yet told to the caller',
  running: 'Being done right now, not yet told to the caller',
  unknown: 'Tried, not yet told to the caller, and not known whether it was done',
} satisfies Record<UntoldEffect['status'], string>

const CALL_AGAIN =
  'If the caller still wants it, call it again with the same arguments; it will not run twice.'

const UNDOING = {
  due: { is: '', then: `${CALL_AGAIN} If you do not, it will be undone.` },
  running: {
    is: ', and being undone',
    then: 'If the caller wants it after all, call it again with the same arguments.',
  },
  ok: { is: '', then: CALL_AGAIN },
  failed: { is: ', and it could not be undone', then: CALL_AGAIN },
  unknown: { is: ', and not known whether it was undone', then: CALL_AGAIN },
} satisfies Record<Undo['status'], { readonly is: string; readonly then: string }>

/** What was done although the caller never heard of it. */
export function untoldNotes(effects: readonly UntoldEffect[]): readonly string[] {
  return effects.map(({ name, arguments: args, status, undo }) => {
    const { is, then } = undo ? UNDOING[undo.status] : { is: '', then: CALL_AGAIN }
    return `${UNTOLD[status]}${is}: ${name}(${args}). ${then}`
  })
}

/** Platform calls that went out and left no trace in the history. */
export function issuedNote(calls: readonly MessageCall[]): readonly string[] {
  const done = calls.map((call) => `${call.name}(${call.arguments})`).join(', ')
  return calls.length === 0
    ? []
    : [
        `Already done by you in this turn: ${done}. Do not call it again; go on briefly if there is anything left to say.`,
      ]
}
