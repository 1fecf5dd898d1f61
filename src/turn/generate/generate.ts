import { TurnstateError } from '../../errors.ts'
import { valueAt } from '../../flow/value-at.ts'
import type { ModelSettings } from '../../flow/definition.ts'
import type { CompletionRequest, Completion, UpstreamMessage } from '../../upstream/upstream.ts'
import { answerCalls } from './answer-calls.ts'
import type { DueReadBack } from './confirm.ts'
import { addUsage, type LiveTurn } from './live-turn.ts'
import { offerAt, type Offer } from './offered-tools.ts'
import { QUIET_REPLY } from '../quiet-words.ts'
import { prefetch } from './prefetch.ts'
import { sayWords, speak } from './speak.ts'
import { createSpokenAnswer } from './spoken-answer.ts'
import { cutNotes, issuedNote, systemPrompt, untoldNotes } from './system-prompt.ts'
import type { TurnEnd } from '../turn.ts'
import { issuedCalls } from '../prepare/unshown-turns.ts'
import { addCalls, upstreamHistory } from './upstream-messages.ts'

type FinishReason = TurnEnd['finishReason']

/** For an opening where neither the flow nor the platform says anything. */
const GREETING_PROMPT = 'Greet the caller in one short sentence.'

/**
 * Asks the upstream, answers its server calls and asks again, until it has nothing more to call, a
 * platform call goes out or a state with `say` is entered.
 */
export async function generate(turn: LiveTurn, notes: readonly string[]): Promise<FinishReason> {
  const { view, resolution, untold } = turn.prepared
  const history = [...upstreamHistory(view, resolution)]
  const issued = issuedCalls(turn.prepared, turn.settings.view.stateTool)
  const standing = [
    ...cutNotes(resolution.path),
    ...untoldNotes(untold),
    ...issuedNote(issued),
    ...notes,
  ]
  for (let round = 0; ; round++) {
    const isLastRound = round >= turn.settings.limits.max_tool_rounds
    const all = offerAt(turn)
    const offer = isLastRound ? platformOnly(all) : all
    const tools = isLastRound ? lastTools(all, offer) : roundTools(turn, all, round)
    if (!isLastRound) prefetch(turn, all)
    const completion = await ask(turn, toRequest(turn, { history, standing, tools }))
    if (completion.calls.length === 0) return heardOrFail(turn, completion.finishReason)
    const step = await answerCalls(turn, completion.calls, { offer, issued })
    turn.signal.throwIfAborted()
    if (step.enteredSay)
      await speak(turn, turn.settings.flow.states[turn.position.state]?.say ?? '')
    if (turn.readBack) return readBack(turn, turn.readBack)
    for (const call of step.platform) await turn.voice.call(call)
    if (step.platform.length > 0) return 'tool_calls'
    if (step.enteredSay || (step.isRepeat && turn.voice.hasAnswered())) return 'stop'
    if (isLastRound) {
      turn.log.warn({ rounds: round }, 'tool rounds used up')
      return heardOrFail(turn, 'stop')
    }
    addCalls(history, step.answered, completion.text || null)
  }
}

/** The last that the caller hears, word for word: a yes to it is what makes the tool run. */
async function readBack(
  turn: LiveTurn,
  { words, tool, digest }: DueReadBack,
): Promise<FinishReason> {
  turn.journalled.readBack = { tool, digest }
  await sayWords(turn, words)
  return 'stop'
}

async function ask(turn: LiveTurn, request: CompletionRequest): Promise<Completion> {
  turn.voice.startSentence()
  const endWait = turn.fillers.wait()
  const answer = createSpokenAnswer(turn, endWait)
  try {
    const completion = await turn.upstream.complete(request, {
      signal: turn.signal,
      onText: answer.push,
    })
    turn.signal.throwIfAborted()
    answer.end()
    addUsage(turn, completion.usage)
    return completion
  } finally {
    endWait()
  }
}

/**
 * A turn in which nothing was said is a failure: platforms hang up on an empty stream. Only after a
 * platform call may there be nothing left to say.
 */
async function heardOrFail(turn: LiveTurn, finishReason: FinishReason): Promise<FinishReason> {
  if (turn.voice.hasAnswered()) return finishReason
  if (turn.prepared.facts.kind !== 'follow_up') {
    throw new TurnstateError('upstream_failed', 'The language model gave no answer.')
  }
  await turn.voice.say('answer', QUIET_REPLY)
  return 'stop'
}

type RoundTools = Pick<CompletionRequest, 'tools' | 'toolChoice'>

interface Round {
  readonly history: readonly UpstreamMessage[]
  readonly standing: readonly string[]
  readonly tools: RoundTools
}

function toRequest(turn: LiveTurn, { history, standing, tools }: Round): CompletionRequest {
  const { prepared, settings, position } = turn
  const { request } = prepared
  const content = systemPrompt({
    flow: settings.flow,
    position,
    scope: prepared.scope,
    systemText: prepared.view.systemText,
    notes: standing,
  })
  const messages: readonly UpstreamMessage[] =
    content === '' ? history : [{ role: 'system', content }, ...history]
  return {
    messages: messages.length > 0 ? messages : [{ role: 'system', content: GREETING_PROMPT }],
    ...tools,
    parameters: parametersFor(request.parameters, settings.flow.states[position.state]?.model),
    wantsUsage: request.wantsUsage,
    state: position.state,
  }
}

/** The state's settings beat the request's; the two names of the length limit are one setting. */
function parametersFor(
  requested: Readonly<Record<string, unknown>>,
  model: ModelSettings | undefined,
): Readonly<Record<string, unknown>> {
  if (!model) return requested
  const { max_tokens, max_completion_tokens, ...others } = requested
  const limitsLength = model.max_tokens !== undefined || model.max_completion_tokens !== undefined
  const length = limitsLength ? {} : { max_tokens, max_completion_tokens }
  return Object.fromEntries(
    Object.entries({ ...others, ...length, ...model }).filter(([, value]) => value !== undefined),
  )
}

/** The last round offers no server tools, so that the turn ends in words. */
function platformOnly(offer: Offer): Offer {
  const tools = offer.tools.filter((tool) => offer.platform.has(tool.name))
  return { server: new Set(), platform: offer.platform, tools }
}

/**
 * Where nothing is left to offer, the list stays, since some servers refuse a history of calls
 * without it, but none may be called.
 */
function lastTools(all: Offer, offer: Offer): RoundTools {
  if (offer.tools.length > 0) return { tools: offer.tools }
  return all.tools.length > 0 ? { tools: all.tools, toolChoice: 'none' } : { tools: [] }
}

/** What the platform demands of an answer holds for its first step; later ones must be free to end. */
function roundTools(turn: LiveTurn, offer: Offer, round: number): RoundTools {
  const { toolChoice } = turn.prepared.request
  return round === 0 && toolChoice !== undefined && isPossible(toolChoice, offer)
    ? { tools: offer.tools, toolChoice }
    : { tools: offer.tools }
}

function isPossible(choice: unknown, offer: Offer): boolean {
  if (offer.tools.length === 0) return false
  if (typeof choice !== 'object' || choice === null) return true
  const name = valueAt(choice, 'function.name')
  return offer.tools.some((tool) => tool.name === name)
}
