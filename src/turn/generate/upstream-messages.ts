import type { AnsweredCall, JournalTurn } from '../../conversation/journal.ts'
import type { ConversationMessage } from '../../conversation/message.ts'
import type { Resolution } from '../../conversation/resolve.ts'
import { toUserBlock, type View } from '../../conversation/view.ts'
import type { UpstreamMessage } from '../../upstream/upstream.ts'
import { unshownTurns } from '../prepare/unshown-turns.ts'
import { answerText } from './answer-text.ts'

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
  const turnOf = new Map(resolution.path.map(({ turn, message }) => [message, turn]))
  const history: UpstreamMessage[] = []
  const answer = (messages: readonly ConversationMessage[]) => {
    const before = history.length
    addAnswer(history, messages, { callsBefore, turnOf })
    return history.length > before
  }
  let speech: ConversationMessage[] = []
  answer(view.greeting)
  for (const block of view.answered) {
    for (const message of block.user.messages) speech.push(message)
    if (resolution.unheard.has(block)) continue
    const at = history.length
    // Where nothing of the answer can go upstream, the speech around it is one message.
    if (!answer(block.answer)) continue
    history.splice(at, 0, ...toSpeech(speech))
    speech = []
  }
  history.push(...toSpeech([...speech, ...(view.open?.messages ?? [])]))
  for (const turn of unshownTurns(resolution)) addCalls(history, turn.serverCalls)
  return history
}

/** Calls of the running turn so far, and what they gave. */
export function addCalls(
  history: UpstreamMessage[],
  calls: readonly AnsweredCall[],
  text: string | null = null,
): void {
  let said = text
  for (const step of toSteps(calls)) {
    history.push({ role: 'assistant', content: said, calls: step })
    for (const call of step) history.push({ role: 'tool', callId: call.id, content: call.result })
    said = null
  }
}

/** Calls that may stand in one message: some upstreams number the calls of each answer anew. */
function toSteps(calls: readonly AnsweredCall[]): readonly (readonly AnsweredCall[])[] {
  const steps: AnsweredCall[][] = []
  let ids = new Set<string>()
  for (const call of calls) {
    const step = steps.at(-1)
    if (step && !ids.has(call.id)) step.push(call)
    else {
      ids = new Set()
      steps.push([call])
    }
    ids.add(call.id)
  }
  return steps
}

/** Adjacent user messages as one; equal neighbours are one already. */
function toSpeech(messages: readonly ConversationMessage[]): readonly UpstreamMessage[] {
  if (messages.length === 0) return []
  const { messages: merged, text } = toUserBlock(messages)
  const [first] = merged
  if (first && merged.length === 1) {
    const content = first.parts ?? first.text
    return [{ role: 'user', content, ...(first.encoded && { encoded: first.encoded }) }]
  }
  if (!merged.some((message) => message.parts)) return [{ role: 'user', content: text }]
  const content = merged.flatMap<object>(
    (message) => message.parts ?? [{ type: 'text', text: message.text }],
  )
  return [{ role: 'user', content }]
}

interface Shown {
  readonly callsBefore: ReadonlyMap<ConversationMessage, readonly AnsweredCall[]>
  readonly turnOf: ReadonlyMap<ConversationMessage, JournalTurn>
}

/**
 * Calls without a result and results without a call are left out, and a call's results follow it at
 * once: model servers refuse anything else.
 */
function addAnswer(
  history: UpstreamMessage[],
  messages: readonly ConversationMessage[],
  { callsBefore, turnOf }: Shown,
): void {
  const resultOf = createResults(messages)
  for (const [index, message] of messages.entries()) {
    addCalls(history, callsBefore.get(message) ?? [])
    if (message.role === 'tool') continue
    const calls = (message.calls ?? []).flatMap((call) => {
      const result = resultOf(call.id, index)
      return result === undefined ? [] : [{ ...call, result }]
    })
    const text = answerText(message, turnOf.get(message))
    if (calls.length > 0) addCalls(history, calls, text || null)
    else if (text !== '') {
      const isOwn = text === message.text && message.encoded
      history.push({
        role: 'assistant',
        content: text,
        ...(isOwn && { encoded: isOwn }),
      })
    }
  }
}

/** Gives each result once, to the call before it; ids can come again in one exchange. */
function createResults(messages: readonly ConversationMessage[]) {
  const results = new Map<string, { readonly at: number; readonly text: string }[]>()
  for (const [at, { role, callId = '', text }] of messages.entries()) {
    if (role !== 'tool') continue
    const known = results.get(callId)
    if (known) known.push({ at, text })
    else results.set(callId, [{ at, text }])
  }
  return (callId: string, after: number): string | undefined => {
    const known = results.get(callId)
    while (known?.[0] && known[0].at < after) known.shift()
    return known?.shift()?.text
  }
}
