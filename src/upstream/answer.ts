import type { FailureReason } from './failure.ts'
import { isRecord, textOf } from './json-value.ts'
import type { JsonRecord } from './json-value.ts'
import { createReasoningFilter, endOfText, withoutReasoning } from './reasoning-text.ts'
import type { ReasoningFilter } from './reasoning-text.ts'
import { addText, createSpokenText, giveOut } from './spoken-text.ts'
import type { SpokenText } from './spoken-text.ts'
import { createToolCallAssembly } from './tool-call-assembly.ts'
import type { ToolCallAssembly } from './tool-call-assembly.ts'
import type { Completion, Usage } from './upstream.ts'
import {
  callsOf,
  choiceOf,
  contentOf,
  failsIn,
  finishReasonOf,
  holdsError,
  isThought,
  normalFinishReason,
  usageOf,
} from './vendor-chunk.ts'

/** One answer as it is put together, from the chunks of a stream or from one whole completion. */
export interface Answer {
  readonly spoken: SpokenText
  readonly reasoning: ReasoningFilter | undefined
  toolCalls: ToolCallAssembly | undefined
  /** As the vendor counts the choice that we asked for. */
  choiceIndex: unknown
  hasDelta: boolean
  isInThought: boolean
  /** Since the last read. */
  hasCallPart: boolean
  /** The vendor's word; once there is one, the answer is whole. */
  finishReason: string
  usage: Usage | undefined
  failure: FailureReason | undefined
}

/** Gemini ends its thoughts with this where the answer begins. */
const END_OF_THOUGHT = '</thought>'

export function createAnswer(stripThink: boolean): Answer {
  return {
    spoken: createSpokenText(),
    reasoning: stripThink ? createReasoningFilter() : undefined,
    toolCalls: undefined,
    choiceIndex: undefined,
    hasDelta: false,
    isInThought: false,
    hasCallPart: false,
    finishReason: '',
    usage: undefined,
    failure: undefined,
  }
}

/** Takes a parsed chunk; true if it was nothing but text. */
export function takeChunk(answer: Answer, chunk: unknown): boolean {
  if (answer.failure !== undefined) return false
  if (!isRecord(chunk)) {
    answer.failure = 'not_json'
    return false
  }
  const choice = choiceOf(chunk, answer.choiceIndex)
  if (holdsError(chunk) || (choice !== undefined && failsIn(choice))) {
    // An answer that is whole stays so, whatever comes behind it.
    if (answer.finishReason === '') answer.failure = 'error_event'
    return false
  }
  const usage = usageOf(chunk, choice)
  if (usage !== undefined) answer.usage = usage
  if (choice === undefined) return false
  answer.choiceIndex ??= choice.index
  const isText = takeChoice(answer, choice)
  const reason = finishReasonOf(choice)
  if (reason === '') return isText && usage === undefined
  answer.finishReason = reason
  endText(answer)
  return false
}

function takeChoice(answer: Answer, choice: JsonRecord): boolean {
  const message = messageOf(answer, choice)
  if (message === undefined) {
    takeText(answer, textOf(choice.text))
    return false
  }
  const isAnswer = !isThought(message)
  const { isInThought } = answer
  if (isAnswer) takeContent(answer, message.content)
  else answer.isInThought = true
  const calls = callsOf(message)
  if (calls !== undefined) takeCalls(answer, calls)
  return isAnswer && !isInThought && calls === undefined
}

/** Proxies that have no delta send a message; behind deltas it repeats them. */
function messageOf(answer: Answer, { delta, message }: JsonRecord): JsonRecord | undefined {
  if (isRecord(delta)) {
    answer.hasDelta = true
    return delta
  }
  return isRecord(message) && !answer.hasDelta ? message : undefined
}

function takeContent(answer: Answer, content: unknown): void {
  const text = contentOf(content)
  if (text === '') return
  const endsThought = answer.isInThought && text.startsWith(END_OF_THOUGHT)
  answer.isInThought = false
  takeText(answer, endsThought ? text.slice(END_OF_THOUGHT.length) : text)
}

function takeCalls(answer: Answer, calls: readonly unknown[]): void {
  answer.toolCalls ??= createToolCallAssembly()
  if (answer.toolCalls.add(calls)) answer.hasCallPart = true
  if (answer.toolCalls.isTooLarge()) answer.failure = 'too_large'
}

export function takeText({ failure, reasoning, spoken }: Answer, text: string): void {
  if (failure !== undefined) return
  addText(spoken, reasoning === undefined ? text : withoutReasoning(reasoning, text))
}

/** What was held back for the case that more comes. */
export function endText({ reasoning, spoken }: Answer): void {
  if (reasoning !== undefined) addText(spoken, endOfText(reasoning))
}

/** What was taken since the last time. */
export function readAnswer(answer: Answer): { readonly text: string; readonly hasToken: boolean } {
  const text = giveOut(answer.spoken)
  const hasToken = answer.hasCallPart || text !== ''
  answer.hasCallPart = false
  return { text, hasToken }
}

/** Undefined when there is neither a call nor text. */
export function completionOf({
  spoken,
  toolCalls,
  finishReason,
  usage,
}: Answer): Completion | undefined {
  const text = spoken.whole
  const calls = toolCalls?.calls() ?? []
  if (text === '' && calls.length === 0) return undefined
  return {
    text,
    calls,
    finishReason: calls.length > 0 ? 'tool_calls' : normalFinishReason(finishReason),
    ...(usage && { usage }),
  }
}
