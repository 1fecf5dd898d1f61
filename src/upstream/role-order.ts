import { isRecord } from './json-value.ts'
import type { OpenAiCompatibleOptions } from './options.ts'
import type { UpstreamMessage } from './upstream.ts'

/*
 * Some endpoints take messages only in the order in which their template writes them: one system
 * message, then user and assistant in turns, the user first and last.
 */

type Speech = Exclude<UpstreamMessage, { readonly role: 'tool' }>
type User = Extract<UpstreamMessage, { readonly role: 'user' }>

const BLANK_LINE = '\n\n'
const CALL_BEGINS: User = { role: 'user', content: '(The call begins.)' }
const CALLER_SILENT: User = { role: 'user', content: '(The caller says nothing.)' }
/** Between a result and the next speech, where a barge-in left nothing of the answer. */
const RESULT_TAKEN: UpstreamMessage = { role: 'assistant', content: 'Okay.' }

/** The messages in an order that the endpoint takes; without flags they are the very same. */
export function inAcceptedOrder(
  messages: readonly UpstreamMessage[],
  { compat }: Pick<OpenAiCompatibleOptions, 'compat'>,
): readonly UpstreamMessage[] {
  const alternates = compat.includes('merge_roles')
  let ordered = alternates ? systemFirst(messages) : messages
  if (compat.includes('user_first')) ordered = userFirst(ordered)
  if (alternates) ordered = alternating(ordered)
  return compat.includes('no_trailing_assistant') ? callerLast(ordered) : ordered
}

function systemFirst(messages: readonly UpstreamMessage[]): readonly UpstreamMessage[] {
  const isSystem = ({ role }: UpstreamMessage) => role === 'system'
  const others = messages.filter((message) => !isSystem(message))
  return [...messages.filter(isSystem), ...others]
}

function userFirst(messages: readonly UpstreamMessage[]): readonly UpstreamMessage[] {
  const at = messages.findIndex(({ role }) => role !== 'system')
  if (at === -1) return [...messages, CALL_BEGINS]
  return messages[at]?.role === 'user' ? messages : messages.toSpliced(at, 0, CALL_BEGINS)
}

function callerLast(messages: readonly UpstreamMessage[]): readonly UpstreamMessage[] {
  const role = messages.at(-1)?.role
  if (role === 'user' || role === 'tool') return messages
  const isBegun = messages.some((message) => message.role !== 'system')
  return [...messages, isBegun ? CALLER_SILENT : CALL_BEGINS]
}

/** Neighbours of one role become one message, results excepted: each belongs to a call of its own. */
function alternating(messages: readonly UpstreamMessage[]): readonly UpstreamMessage[] {
  const ordered: UpstreamMessage[] = []
  for (const message of messages) {
    const before = ordered.at(-1)
    const merged = before && message.role !== 'tool' ? together(before, message) : undefined
    if (merged) {
      ordered[ordered.length - 1] = merged
      continue
    }
    if (before?.role === 'tool' && message.role === 'user') ordered.push(RESULT_TAKEN)
    ordered.push(message)
  }
  return ordered
}

/** Undefined if they are of two roles. */
function together(first: UpstreamMessage, second: Speech): UpstreamMessage | undefined {
  if (first.role === 'system' && second.role === 'system') {
    return { role: 'system', content: joined(first.content, second.content) }
  }
  if (first.role === 'user' && second.role === 'user') {
    return { role: 'user', content: joinedContent(first.content, second.content) }
  }
  if (first.role !== 'assistant' || second.role !== 'assistant') return undefined
  const calls = [...(first.calls ?? []), ...(second.calls ?? [])]
  const content = joined(first.content ?? '', second.content ?? '')
  return {
    role: 'assistant',
    content: content === '' ? null : content,
    ...(calls.length > 0 && { calls }),
  }
}

function joined(first: string, second: string): string {
  return first === '' || second === '' ? first + second : first + BLANK_LINE + second
}

function joinedContent(first: User['content'], second: User['content']): User['content'] {
  if (typeof first === 'string' && typeof second === 'string') return joined(first, second)
  const before = partsOf(first)
  const after = partsOf(second)
  const last = before.at(-1)
  const next = after[0]
  // Templates write the parts of a message without anything between them.
  if (!isText(last) || !isText(next)) return [...before, ...after]
  const seam = { ...last, ...next, text: joined(last.text, next.text) }
  return [...before.slice(0, -1), seam, ...after.slice(1)]
}

function partsOf(content: User['content']): readonly object[] {
  if (typeof content !== 'string') return content
  return content === '' ? [] : [{ type: 'text', text: content }]
}

function isText(part: unknown): part is { readonly type: 'text'; readonly text: string } {
  return isRecord(part) && part.type === 'text' && typeof part.text === 'string'
}
