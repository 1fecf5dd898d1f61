import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { TurnstateError } from '../../../errors.ts'
import { assistant, user } from '../../rehearsal/messages.ts'
import type { Handover } from '../agent.ts'
import type { CustomLlm, CustomLlmFailure, LlmAnswer } from '../custom-llm.ts'
import type { Session } from './session.ts'
import { shownText } from '../shown-text.ts'
import { greet } from './greet.ts'
import { hasWords, toolMessages, type History } from './history.ts'
import { growingPrefixes } from './growing-prefixes.ts'
import { runCalls, type RunningCalls, type ToolNeeds } from './tool-calls.ts'
import { createUtterance, type Utterance } from './utterance.ts'

/** An agent and what it answers with. */
export interface Party extends Pick<ToolNeeds, 'agent' | 'tools'> {
  readonly llm: CustomLlm
  readonly question: Session['question']
}

export interface TurnNeeds extends Omit<ToolNeeds, 'agent' | 'tools'> {
  /** Whoever has the conversation now. */
  readonly party: () => Party
  /** Gives it to another one; returns what that says first. */
  readonly handOver: (handover: Handover) => string
  readonly history: History
  readonly typingIntervalMs: number
}

/** The agent's answer to what the history ends with, tools and follow-up requests included. */
export interface Turn {
  /** Rejects if there was no answer. */
  readonly ended: Promise<TurnEnd>
  /** The user speaks, or has gone: all stops at once, and the history keeps what was heard. */
  readonly interrupt: () => void
}

export type TurnEnd = 'answered' | 'conversation-over' | 'interrupted'

/** More answers in a row that only call tools are taken for a loop. */
const MAX_ANSWERS = 10

/** What an interruption finds. */
interface TurnState {
  readonly signal: AbortSignal
  speaking: Utterance | null
  calling: { readonly text: string; readonly running: RunningCalls } | null
}

/** `typed`: what the user has just typed; the first requests are then made as if that still grew. */
export function startTurn(needs: TurnNeeds, typed: string | null): Turn {
  const abort = new AbortController()
  // Every client tool that runs listens, and one answer may call many.
  setMaxListeners(0, abort.signal)
  const state: TurnState = { signal: abort.signal, speaking: null, calling: null }
  return {
    ended: run(typed, needs, state)
      .catch((error: unknown): TurnEnd => {
        if (state.signal.aborted) return 'interrupted'
        throw error
      })
      // A call that is still running when another one has ended the conversation.
      .finally(() => abort.abort()),
    interrupt: () => {
      if (state.signal.aborted) return
      abort.abort()
      keepHeard(needs.history, state)
    },
  }
}

async function run(typed: string | null, needs: TurnNeeds, state: TurnState): Promise<TurnEnd> {
  if (typed !== null) await askWhileTyping(typed, needs, state.signal)
  for (let count = 0; count < MAX_ANSWERS; count += 1) {
    const end = await answerOnce(needs, state)
    if (end !== 'again') return end
  }
  throw endlessCalls()
}

async function answerOnce(needs: TurnNeeds, state: TurnState): Promise<TurnEnd | 'again'> {
  const utterance = createUtterance(needs.outbox)
  state.speaking = utterance
  const { calls } = await ask(needs, utterance, state.signal)
  state.signal.throwIfAborted()
  // From here no interruption may come in between until the history or `calling` has the words.
  state.speaking = null
  utterance.finish()
  const text = utterance.text()
  if (text !== '') needs.log(`agent: ${shownText(text)}`)
  if (calls.length > 0) return runTools({ text, calls }, needs, state)
  if (hasWords(text)) needs.history.add(assistant(text))
  return 'answered'
}

async function ask(
  { party, history }: TurnNeeds,
  utterance: Utterance,
  signal: AbortSignal,
): Promise<LlmAnswer> {
  const onText = (piece: string) => {
    if (!signal.aborted) utterance.say(piece)
  }
  const { llm, question } = party()
  try {
    return await llm.answer({ ...question, messages: history.messages() }, { signal, onText })
  } catch (error) {
    if (!signal.aborted) utterance.abandon()
    throw error
  }
}

async function runTools(
  { text, calls }: LlmAnswer,
  needs: TurnNeeds,
  state: TurnState,
): Promise<TurnEnd | 'again'> {
  const { party, history, outbox } = needs
  const running = runCalls(calls, { ...needs, ...party() }, state.signal)
  state.calling = { text, running }
  const { runs, endsConversation, skipsTurn, handover } = await running.settled
  state.signal.throwIfAborted()
  state.calling = null
  if (endsConversation) return 'conversation-over'
  history.add(...toolMessages(text, running.calls, runs))
  const firstMessage = handover ? needs.handOver(handover) : ''
  state.signal.throwIfAborted()
  greet(firstMessage, outbox, history)
  return skipsTurn || firstMessage !== '' ? 'answered' : 'again'
}

/** After an interruption: the words that the client got, and calls with what has come of them. */
function keepHeard(history: History, { speaking, calling }: TurnState): void {
  const heard = speaking?.cut() ?? ''
  if (hasWords(heard)) history.add(assistant(heard))
  if (!calling) return
  const { text, running } = calling
  history.add(...toolMessages(text, running.calls, running.interrupt()))
}

function endlessCalls(): TurnstateError {
  const reason = `${MAX_ANSWERS} answers in a row called tools`
  const failure: CustomLlmFailure = {
    type: 'custom-llm-failure',
    errorType: 'custom_llm_error',
    reason,
  }
  return Object.assign(new TurnstateError('upstream_failed', reason), failure)
}

/** Answers to what is not the whole text yet are thrown away, failures included. */
async function askWhileTyping(typed: string, needs: TurnNeeds, signal: AbortSignal): Promise<void> {
  const before = needs.history.messages().slice(0, -1)
  const { llm, question } = needs.party()
  for (const prefix of growingPrefixes(typed)) {
    const hangUp = new AbortController()
    const listener = { signal: AbortSignal.any([signal, hangUp.signal]), onText: () => undefined }
    const messages = [...before, user(prefix)]
    llm.answer({ ...question, messages }, listener).catch(() => undefined)
    await wait(needs.typingIntervalMs, undefined, { signal })
    hangUp.abort()
  }
}
