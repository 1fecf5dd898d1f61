import { TurnstateError } from '../errors.ts'
import { inLanguage } from '../flow/spoken-text.ts'
import { renderTemplate } from '../flow/template.ts'
import { valueAt } from '../flow/value-at.ts'
import type { SpokenText } from '../flow/definition.ts'
import type { CompletionRequest, Completion, UpstreamMessage } from '../upstream/upstream.ts'
import { answerCalls } from './answer-calls.ts'
import { addUsage, type LiveTurn } from './live-turn.ts'
import { offeredTools, type Offer } from './offered-tools.ts'
import { lookupOf } from './scope.ts'
import { cutNotes, issuedNote, systemPrompt } from './system-prompt.ts'
import type { TurnEnd } from './turn.ts'
import { addCalls, upstreamHistory } from './upstream-messages.ts'

type FinishReason = TurnEnd['finishReason']

/** Speaks a server-owned text in the conversation's language. */
export async function speak(
  turn: LiveTurn,
  text: SpokenText,
  type: 'answer' | 'filler' = 'answer',
): Promise<void> {
  const { variables } = turn.position
  const words = inLanguage(text, variables.language)
  turn.voice.startSentence()
  await turn.voice.say(type, renderTemplate(words, lookupOf(variables, turn.prepared.scope)))
}

/**
 * Asks the upstream, answers its server calls and asks again, until it has nothing more to call, a
 * platform call goes out or a state with `say` is entered.
 */
export async function generate(turn: LiveTurn, notes: readonly string[]): Promise<FinishReason> {
  const history = [...upstreamHistory(turn.prepared.view, turn.prepared.resolution)]
  const standing = [...cutNotes(turn.prepared.resolution.path), ...issued(turn), ...notes]
  for (let round = 0; ; round++) {
    const isLastRound = round >= turn.script.limits.max_tool_rounds
    const offer = offerAt(turn)
    const completion = await ask(turn, toRequest(turn, { history, standing, offer, round }))
    if (completion.calls.length === 0) return heardOrFail(turn, completion)
    if (isLastRound && !completion.calls.some((call) => offer.platform.has(call.name))) {
      turn.log.warn({ rounds: round }, 'tool rounds used up')
      return heardOrFail(turn, { ...completion, finishReason: 'stop' })
    }
    const step = await answerCalls(turn, completion.calls, offer)
    turn.signal.throwIfAborted()
    if (step.enteredSay) await speak(turn, turn.script.flow.states[turn.position.state]?.say ?? '')
    for (const call of step.platform) await turn.voice.call(call)
    if (step.platform.length > 0) return 'tool_calls'
    if (step.enteredSay) return 'stop'
    addCalls(history, step.answered, completion.text || null)
  }
}

export function offerAt(turn: Pick<LiveTurn, 'script' | 'position' | 'prepared'>): Offer {
  const { flow, tools, view } = turn.script
  return offeredTools(
    { flow, tools, stateTool: view.stateTool },
    turn.position.state,
    turn.prepared.request.platformTools,
  )
}

async function ask(turn: LiveTurn, request: CompletionRequest): Promise<Completion> {
  turn.voice.startSentence()
  const completion = await turn.upstream.complete(request, {
    signal: turn.signal,
    onText: (text) => turn.voice.say('answer', text),
  })
  turn.signal.throwIfAborted()
  addUsage(turn, completion.usage)
  return completion
}

/** A turn in which nothing was said is a failure: platforms hang up on an empty stream. */
function heardOrFail(turn: LiveTurn, completion: Completion): FinishReason {
  if (turn.voice.hasSpoken()) return completion.finishReason
  throw new TurnstateError('upstream_failed', 'The language model gave no answer.')
}

/** Calls of the turn that this one follows although the history does not show it. */
function issued({ prepared: { resolution } }: LiveTurn): readonly string[] {
  const { node, path } = resolution
  if (resolution.kind !== 'follow_up' || !node || path.some((shown) => shown.turn === node))
    return []
  return issuedNote(node.platformCalls.map((call) => `${call.name}(${call.arguments})`))
}

interface Round {
  readonly history: readonly UpstreamMessage[]
  readonly standing: readonly string[]
  readonly offer: Offer
  readonly round: number
}

function toRequest(turn: LiveTurn, { history, standing, offer, round }: Round): CompletionRequest {
  const { prepared, script, position } = turn
  const { request } = prepared
  const content = systemPrompt({
    flow: script.flow,
    position,
    scope: prepared.scope,
    systemText: prepared.view.systemText,
    notes: standing,
  })
  const { tools, toolChoice } = toolsFor(turn, offer, round)
  return {
    messages: content === '' ? history : [{ role: 'system', content }, ...history],
    tools,
    parameters: { ...request.parameters, ...script.flow.states[position.state]?.model },
    ...(toolChoice === undefined ? {} : { toolChoice }),
    wantsUsage: request.wantsUsage,
    state: position.state,
  }
}

/**
 * The last round offers no server tools, so that the turn ends in words. Where there are no others
 * the list stays, since some servers refuse a history of calls without it, but none may be called.
 */
function toolsFor(
  turn: LiveTurn,
  offer: Offer,
  round: number,
): Pick<CompletionRequest, 'tools' | 'toolChoice'> {
  if (round >= turn.script.limits.max_tool_rounds) {
    const platform = offer.tools.filter((tool) => offer.platform.has(tool.name))
    if (platform.length > 0) return { tools: platform }
    return offer.tools.length > 0 ? { tools: offer.tools, toolChoice: 'none' } : { tools: [] }
  }
  const { toolChoice } = turn.prepared.request
  // What the platform demands of an answer holds for its first step; later ones must be free to end.
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
