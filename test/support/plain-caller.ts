import { buildEngine, createModel, toRequest } from './engine.ts'
import type { Gate } from './gate.ts'
import {
  PLAIN_TOOLS,
  toFlow,
  valuesOf,
  waysFrom,
  type Called,
  type PlainFlow,
  type Room,
} from './plain-flow.ts'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { CompletionRequest } from '../../src/upstream/upstream.ts'
import type { AnswerSource, TurnEngine, TurnEnd, TurnFacts } from '../../src/turn/turn.ts'

/** What the model does in one step: a tool, or the way with this number among those offered. */
export type Action = 'set_on' | 'set_off' | number

/** How the model answers one request. */
export interface Answering {
  readonly actions: readonly Action[]
  /** Words of each text that it has in common with other texts. */
  readonly shared: number
  /** Waits before its first step, so that other requests can come in between. */
  readonly before?: Gate
  /** Stays open after its last word. */
  readonly after?: Gate
}

export interface RunningAsk {
  readonly facts: TurnFacts
  readonly source: AnswerSource
  /** What was sent so far. */
  readonly text: () => string
  /** What the model called so far. */
  readonly calls: readonly Called[]
  readonly hangUp: () => void
  /** Null once it was hung up. */
  readonly end: Promise<TurnEnd | null>
}

export interface PlainCaller {
  readonly engine: TurnEngine
  readonly ask: (
    messages: readonly ConversationMessage[],
    answering: Answering,
  ) => Promise<RunningAsk>
}

const SHARED_WORDS = 'well now then let me see what there is for you'.split(' ')

/** A word that no other text holds, made of letters: numbers match loosely. */
export function uniqueWord(number: number): string {
  return `q${String(number).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))}x`
}

/** A server for the flow, with a model that does for each request what the test says. */
export function createPlainCaller(flow: PlainFlow): PlainCaller {
  const scripts = new Map<string, { answering: Answering; actions: Action[]; calls: Called[] }>()
  let texts = 0

  async function decide(request: CompletionRequest) {
    const speech = request.messages.findLast((message) => message.role === 'user')?.content
    const script = scripts.get(typeof speech === 'string' ? speech : '')
    if (!script) throw new Error(`nobody asked ${JSON.stringify(speech)}`)
    const { before, after, shared } = script.answering
    before?.reach()
    await before?.released
    const unique = uniqueWord(++texts)
    const text = [...SHARED_WORDS.slice(0, shared), unique, 'and', 'so', 'on'].join(' ')
    const call = nextCall(script.actions, offeredRooms(flow, request), unique)
    if (!call) {
      // Whoever waits for it sees the text on its way.
      setImmediate(() => after?.reach())
      return { text, until: after?.released }
    }
    script.calls.push(call)
    return { text, calls: [{ id: unique, ...toModelCall(flow, request.state as Room, call) }] } // one of the flow's
  }

  const upstream = createModel(decide)
  // Who hangs up here does not come back.
  const tools = PLAIN_TOOLS
  const engine = buildEngine({ flow: toFlow(flow), tools, upstream, attachGraceMs: 0 })
  return {
    engine,
    async ask(messages, answering) {
      const calls: Called[] = []
      const speech = lastSpeech(messages)
      const running = scripts.get(speech)
      scripts.set(speech, { answering, actions: [...answering.actions], calls })
      const turn = await engine.begin(toRequest(messages))
      // The model is not asked: it goes on with what it does already.
      if (turn.source !== 'generated' && running) scripts.set(speech, running)
      const call = new AbortController()
      let text = ''
      const end = turn
        .run({
          signal: call.signal,
          streams: true,
          onEvent: (event) => void (text += event.type === 'text-delta' ? event.text : ''),
        })
        .catch((error: unknown) => {
          if (call.signal.aborted) return null
          throw error
        })
      const { facts, source } = turn
      return { facts, source, text: () => text, calls, hangUp: () => call.abort(), end }
    },
  }
}

/** Where the offered ways lead; they must be those of the state. */
function offeredRooms(flow: PlainFlow, { tools, state }: CompletionRequest): readonly Room[] {
  const offered = tools.flatMap(({ name }) => /^transition_to_(.*)$/.exec(name)?.[1] ?? [])
  const ways = waysFrom(flow, state as Room).filter(({ by }) => by.type === 'llm') // one of the flow's
  if (offered.join() !== ways.map(({ to }) => to).join()) {
    throw new Error(`offered in ${state}: ${offered.join()}`)
  }
  return ways.map(({ to }) => to)
}

function nextCall(actions: Action[], rooms: readonly Room[], mark: string): Called | null {
  for (let action = actions.shift(); action !== undefined; action = actions.shift()) {
    if (typeof action === 'string') return { type: 'tool', name: action }
    const to = rooms[action]
    if (to) return { type: 'way', to, mark }
  }
  return null
}

function toModelCall(flow: PlainFlow, from: Room, call: Called) {
  if (call.type === 'tool') return { name: call.name, arguments: '{}' }
  const way = waysFrom(flow, from).find(({ to, by }) => to === call.to && by.type === 'llm')
  const values = way ? valuesOf(way, call.mark) : {}
  return { name: `transition_to_${call.to}`, arguments: JSON.stringify(values) }
}

/** The caller's last words, as the model gets them. */
function lastSpeech(messages: readonly ConversationMessage[]): string {
  const spoken = messages.filter(({ role, text }) => role !== 'user' || text !== '...')
  const end = spoken.findLastIndex(({ role }) => role === 'user') + 1
  const start = spoken.slice(0, end).findLastIndex(({ role }) => role !== 'user') + 1
  return spoken
    .slice(start, end)
    .map(({ text }) => text)
    .join(' ')
}
