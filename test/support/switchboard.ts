import { expect } from 'vitest'
import { ConfigFile } from '../../src/config/schema.ts'
import { createKeyResolver } from '../../src/conversation/conversation-key.ts'
import { charactersOf, createJournal } from '../../src/conversation/journal.ts'
import { createAssent } from '../../src/effects/assent.ts'
import { createMemoryLedger } from '../../src/effects/memory-ledger.ts'
import { createReadMemory } from '../../src/effects/read-memory.ts'
import { TurnstateError } from '../../src/errors.ts'
import type { Tools } from '../../src/flow/tool-definition.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { toTurnSettings } from '../../src/service.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createMemoryJournals } from '../../src/turn/journals/memory-journals.ts'
import { createTurnEngine } from '../../src/turn/turn-engine.ts'
import type { AnswerSource, TurnEngine, TurnEvent } from '../../src/turn/turn.ts'
import type { TurnRequest } from '../../src/turn/turn-request.ts'
import { createMemorySchedule } from '../../src/turn/undo/undo-schedule.ts'
import type { ModelToolCall } from '../../src/upstream/upstream.ts'
import { toRequest } from './engine.ts'
import { system } from './history.ts'
import { toMessages, type Asked, type PhoneLine } from './phone-line.ts'
import type { PlainReply, Question } from './plain-coordination.ts'
import { QUIET, SETTLE_MS } from './plain-replies.ts'
import { createSteppedModel, createSteppedTools, systemText } from './stepped-model.ts'

/** How a platform takes an answer. */
export interface Manner {
  readonly streams: boolean
  /** It stops reading after the first event, until it is told to go on. */
  readonly isSlow: boolean
  /** Its connection breaks before the end of the answer has left. */
  readonly breaks: boolean
  /** The request offers the platform's tool. */
  readonly canTransfer: boolean
}

/** One request, and what came of it so far. */
export interface Caller extends Manner {
  readonly ask: number
  readonly line: PhoneLine
  readonly asked: Asked
  readonly question: Question
  /** Slots of the platform calls that it is to get if an answer is given again. */
  readonly repeats: readonly string[]
  readonly source: AnswerSource
  /** Of the flow, as the headers of the answer say it. */
  readonly state: string
  readonly text: () => string
  readonly calls: readonly ModelToolCall[]
  readonly hasHeard: () => boolean
  /** It was handed something while its socket was full or closed. */
  readonly isMistreated: () => boolean
  /** Its socket is full. */
  readonly isStuck: () => boolean
  readonly isReading: () => boolean
  readonly stopReading: () => void
  readonly readOn: () => void
  readonly hangUp: () => void
  readonly isGone: () => boolean
  /** Null while it waits. */
  readonly ending: () => Ending | null
}

interface Notes {
  readonly onCall: (call: ModelToolCall) => void
  /** The end of the answer has left, with these calls. */
  readonly onDelivered: (calls: readonly ModelToolCall[]) => void
}

/** How a request ended: in words and a finish reason, or with an error's code. */
type Ending =
  | { readonly type: 'answered'; readonly finishReason: string }
  | { readonly type: 'refused'; readonly code: string }

const onBooked = (to: string) =>
  ['book', 'reserve'].map((tool) => ({ to, when: { type: 'result', tool, status: 'ok' } }))

/** Two states that every booking leads out of. */
const FLOW = {
  name: 'desk',
  starting_state: 'a',
  general_tools: ['book', 'reserve'],
  variables: { ref: {} },
  states: {
    a: { edges: onBooked('b') },
    b: { edges: onBooked('a') },
  },
}
const WRITE = {
  type: 'static',
  effect: 'write',
  result: '',
  assignments: [{ variable: 'ref', value_path: 'ref' }],
}
const TOOLS = {
  book: { ...WRITE, commit: 'immediate' },
  reserve: { ...WRITE, commit: 'settled', settle_ms: SETTLE_MS },
}
const TRANSFER = {
  name: 'transfer',
  parameters: { type: 'object', properties: { slot: { type: 'string' }, by: { type: 'string' } } },
}
const FOREVER = 1e12
const metrics = createMetrics()

/** Tools end when the test says so: whoever waits for what another reply has begun waits as long. */
function withoutLimits(tools: Tools): Tools {
  return Object.fromEntries(
    Object.entries(tools).map(([name, tool]) => [name, { ...tool, timeout_ms: FOREVER }]),
  )
}

function createEngine() {
  const model = createSteppedModel()
  const tools = createSteppedTools()
  const config = ConfigFile.parse({
    version: 1,
    auth: { signing_secret: 'a secret of the tests' },
    upstreams: { unused: { base_url: 'http://127.0.0.1:9', model: 'none' } },
    flow: FLOW,
    tools: TOOLS,
  })
  const settings = { ...toTurnSettings(config), tools: withoutLimits(config.tools) }
  const now = () => performance.now()
  const silent = () => undefined
  const engine: TurnEngine = createTurnEngine({
    settings,
    resolveKey: createKeyResolver(config.conversation.key),
    upstream: model,
    tools,
    journals: createMemoryJournals(
      createMemoryStore({
        create: createJournal,
        retainMs: FOREVER,
        maxEntries: 10,
        weightOf: charactersOf,
        maxWeight: FOREVER,
        now,
      }),
    ),
    ledger: createMemoryLedger({
      secret: 'a secret of effects',
      retainMs: FOREVER,
      maxConversations: 10,
      now,
    }),
    reads: createReadMemory({ now }),
    assents: createAssent(config.assent),
    schedule: createMemorySchedule(),
    instance: 'this',
    metrics,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    now,
    date: () => new Date('2026-11-20T09:30:00Z'),
  })
  return { engine, model, tools }
}

/** A server whose model and tools do only what the test says, and all who ever asked it. */
export function createSwitchboard() {
  const { engine, model, tools } = createEngine()
  const callers: Caller[] = []
  let asks = 0

  function requestFor(
    { caller, key }: PhoneLine,
    asked: Asked,
    { ask, canTransfer }: Pick<Caller, 'ask' | 'canTransfer'>,
  ): TurnRequest {
    const messages = [system(systemText(ask)), ...toMessages(asked)]
    const platformTools = canTransfer ? [TRANSFER] : []
    return toRequest(messages, { caller, key, extra: { ask }, platformTools })
  }

  return {
    model,
    tools,
    callers,
    nextAsk: () => asks + 1,
    derive: (line: PhoneLine, asked: Asked) =>
      engine.derive(requestFor(line, asked, { ask: 0, canTransfer: true })),
    async ask(
      line: PhoneLine,
      {
        asked,
        question,
        repeats,
        ...manner
      }: Manner & Pick<Caller, 'asked' | 'question' | 'repeats'>,
      { onCall, onDelivered }: Notes,
    ): Promise<Caller> {
      asks += 1
      const turn = await engine.begin(requestFor(line, asked, { ask: asks, ...manner }))
      const listener = createListener(manner, onCall)
      let ending: Ending | null = null
      void turn.run(listener).then(
        ({ finishReason, isSuperseded }) => {
          ending = { type: 'answered', finishReason }
          if (isSuperseded && !manner.streams) listener.takeBack()
          if (manner.breaks || listener.signal.aborted) return
          turn.delivered()
          onDelivered(listener.caller.calls)
        },
        (error: unknown) => {
          const code = error instanceof TurnstateError ? error.code : 'broken'
          ending = { type: 'refused', code }
        },
      )
      const { source, facts } = turn
      const caller: Caller = {
        ...manner,
        ...listener.caller,
        ask: asks,
        line,
        asked,
        question,
        repeats,
        source,
        state: facts.state,
        ending: () => ending,
      }
      callers.push(caller)
      return caller
    },
  }
}

function createListener({ streams, isSlow }: Manner, onCall: (call: ModelToolCall) => void) {
  const gone = new AbortController()
  const calls: ModelToolCall[] = []
  let text = ''
  let hasHeard = false
  let isMistreated = false
  // Who waits for one body always has room.
  let isReading = !isSlow || !streams
  let resume: (() => void) | null = null
  const readOn = () => {
    isReading = true
    resume?.()
    resume = null
  }
  /** Nothing of a body has left before its end. */
  const takeBack = () => {
    text = ' '
    calls.length = 0
  }
  return {
    signal: gone.signal,
    streams,
    takeBack,
    onEvent(event: TurnEvent): void | Promise<void> {
      // Nobody is handed anything while its socket is full, or once it has hung up.
      isMistreated ||= resume !== null || gone.signal.aborted
      hasHeard = true
      if (event.type === 'text-delta') text += event.text
      if (event.type === 'tool-call') {
        calls.push(event.call)
        onCall(event.call)
      }
      if (!isReading) return new Promise<void>((resolve) => (resume = resolve))
    },
    caller: {
      text: () => text,
      calls,
      hasHeard: () => hasHeard,
      isMistreated: () => isMistreated,
      isStuck: () => resume !== null,
      isReading: () => isReading,
      stopReading: () => void (isReading = !streams),
      readOn,
      // A socket that closes wakes whoever waits for it.
      hangUp: () => {
        if (!streams) takeBack()
        gone.abort()
        readOn()
      },
      isGone: () => gone.signal.aborted,
    },
  }
}

/** Holds what a caller was told, once its request has ended, against the plain reply to its question. */
export function checkAnswer(caller: Caller, reply: PlainReply): void {
  const ending = caller.ending()
  const text = caller.text()
  expect(caller.isMistreated()).toBe(false)
  expect(ending).not.toEqual({ type: 'refused', code: 'broken' })
  // A call that this request does not offer is left out; something must be said all the same.
  const isCut = !caller.canTransfer && reply.calls.length > 0
  if (caller.isGone()) {
    const all = [reply.said + reply.excuse, ' ']
    if (isCut || caller.source === 'replayed') all.push(QUIET)
    expect(all.some((words) => words.startsWith(text))).toBe(true)
    return
  }
  const slots = caller.calls.map(slotOf)
  if (caller.source === 'replayed') {
    const words = reply.said || (caller.repeats.length > 0 ? '' : QUIET)
    expect({ text, slots, ending: ending?.type }).toEqual({
      text: words,
      slots: caller.repeats,
      ending: 'answered',
    })
    return
  }
  switch (reply.status) {
    case 'running':
      expect('ended before its reply').toBe(text)
      return
    case 'finished':
      expect({ text, slots, ending: ending?.type }).toEqual({
        text: reply.said || (isCut ? QUIET : ''),
        slots: isCut ? [] : reply.calls,
        ending: 'answered',
      })
      return
    case 'failed':
      if (ending?.type === 'answered') expect(text).toBe(reply.said + reply.excuse)
      else expect(caller.streams && caller.hasHeard()).toBe(false)
      return
    case 'aborted':
      expect({ text, ending }).toEqual({
        text: (caller.streams && reply.said + reply.excuse) || (slots.length > 0 ? '' : ' '),
        ending: { type: 'answered', finishReason: 'stop' },
      })
  }
}

export function slotOf({ arguments: text }: ModelToolCall): string {
  const { slot } = JSON.parse(text) as { readonly slot: string } // the test wrote it
  return slot
}
