import type { AnsweredCall, JournalTurn } from '../conversation/journal.ts'
import type { ConversationMessage } from '../conversation/message.ts'
import type { Resolution } from '../conversation/resolve.ts'
import type { View } from '../conversation/view.ts'
import type { UpstreamMessage } from '../upstream/upstream.ts'

/**
 * The heard history as the model sees it: what the platform sent, with the server tool calls and
 * results of the shown turns put back where they happened, so that the model does not ask again.
 */
export function upstreamHistory(view: View, resolution: Resolution): readonly UpstreamMessage[] {
  const callsBefore = new Map<ConversationMessage, AnsweredCall[]>()
  for (const { turn, message } of resolution.path) {
    if (turn.serverCalls.length === 0) continue
    const calls = callsBefore.get(message)
    if (calls) calls.push(...turn.serverCalls)
    else callsBefore.set(message, [...turn.serverCalls])
  }
  const history: UpstreamMessage[] = []
  let speech: ConversationMessage[] = []
  addAnswer(history, view.greeting, callsBefore)
  for (const block of view.answered) {
    speech.push(...block.user.messages)
    if (resolution.unheard.has(block)) continue
    addSpeech(history, speech)
    speech = []
    addAnswer(history, block.answer, callsBefore)
  }
  addSpeech(history, [...speech, ...(view.open?.messages ?? [])])
  const unshown = unshownParent(resolution)
  if (unshown) addCalls(history, unshown.serverCalls)
  return history
}

/** The turn that a follow-up with unchanged history goes on from. */
function unshownParent({ kind, node, path }: Resolution): JournalTurn | null {
  return kind === 'follow_up' && node && !path.some((shown) => shown.turn === node) ? node : null
}

/** Calls of the running turn so far, and what they gave. */
export function addCalls(
  history: UpstreamMessage[],
  calls: readonly AnsweredCall[],
  text: string | null = null,
): void {
  if (calls.length === 0) return
  history.push({ role: 'assistant', content: text, calls })
  for (const call of calls) history.push({ role: 'tool', callId: call.id, content: call.result })
}

function addSpeech(history: UpstreamMessage[], messages: readonly ConversationMessage[]): void {
  const [first, ...more] = messages
  if (!first) return
  if (more.length === 0) {
    history.push({
      role: 'user',
      content: first.parts ?? first.text,
      ...(first.encoded && { encoded: first.encoded }),
    })
  } else if (messages.some((message) => message.parts)) {
    const content = messages.flatMap<object>(
      (message) => message.parts ?? [{ type: 'text', text: message.text }],
    )
    history.push({ role: 'user', content })
  } else {
    history.push({ role: 'user', content: messages.map((message) => message.text).join(' ') })
  }
}

/** Calls without a result and results without a call are left out: model servers refuse them. */
function addAnswer(
  history: UpstreamMessage[],
  messages: readonly ConversationMessage[],
  callsBefore: ReadonlyMap<ConversationMessage, readonly AnsweredCall[]>,
): void {
  const answered = new Set(
    messages.flatMap((message) => (message.role === 'tool' ? [message.callId ?? ''] : [])),
  )
  const open = new Set<string>()
  for (const message of messages) {
    addCalls(history, callsBefore.get(message) ?? [])
    if (message.role === 'tool') {
      if (!open.delete(message.callId ?? '')) continue
      history.push({ role: 'tool', callId: message.callId ?? '', content: message.text })
      continue
    }
    const calls = (message.calls ?? []).filter((call) => answered.has(call.id))
    for (const call of calls) open.add(call.id)
    if (calls.length > 0) {
      history.push({ role: 'assistant', content: message.text || null, calls })
    } else if (message.text !== '') {
      history.push({
        role: 'assistant',
        content: message.text,
        ...(message.encoded && { encoded: message.encoded }),
      })
    }
  }
}
