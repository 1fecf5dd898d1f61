import { setImmediate as pause, setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { createMemoryLedger } from '../../../src/effects/memory-ledger.ts'
import { toWords, wordKey } from '../../../src/conversation/words.ts'
import { ConversationRelayOptions } from '../../../src/routes/conversation-relay/options.ts'
import { createSharedJournals } from '../../../src/turn/journals/shared-journals.ts'
import { createHandSchedule } from '../../support/timed-desk.ts'
import { createRelayConversation } from '../../../src/routes/conversation-relay/relay-conversation.ts'
import {
  toTurnRequest,
  type RelayCall,
} from '../../../src/routes/conversation-relay/relay-request.ts'
import { createTurnGate } from '../../../src/routes/turn-gate.ts'
import type { TurnEngine } from '../../../src/turn/turn.ts'
import type { CompletionRequest, Upstream } from '../../../src/upstream/upstream.ts'
import { buildEngine } from '../../support/engine.ts'
import { recordingLog } from '../../support/listening-app.ts'
import { createProcessStore } from '../../support/process-shared-store.ts'
import { createSteppedModel } from '../../support/stepped-model.ts'
import type { Frame } from '../../support/voice-line.ts'

const FLOW = { name: 'desk', starting_state: 'desk', states: { desk: { state_prompt: 'Talk.' } } }

const CALL: RelayCall = {
  ...{ id: 'CA1', caller: 'test', setup: { type: 'setup', callSid: 'CA1' } },
  keyMaterial: {
    ...{ platform: 'conversation_relay', headers: {}, query: {}, body: {}, extraBody: {} },
    call: { id: 'CA1' },
  },
}

/** What the caller said, and what of the answer left; `heard` once an interruption told it. */
interface Exchange {
  said: readonly string[]
  sent: string
  heard: string | null
  isRunning: boolean
  /** It was said on a connection that is over. */
  isPast: boolean
}

/** Instances of the server: each new connection comes to the other one. */
type Engines = readonly [TurnEngine, TurnEngine]

export function oneInstance(upstream: Upstream): Engines {
  const engine = buildEngine({ flow: FLOW, upstream })
  return [engine, engine]
}

export function twoInstances(upstream: Upstream): Engines {
  const shared = createProcessStore()
  const engineOf = (name: string) => {
    const { store } = shared.join(name)
    const { log } = recordingLog()
    const limits = { saveSoonMs: 1, lookEveryMs: 20, awaitedForMs: 50 }
    const journals = createSharedJournals({ store, retainMs: 60_000, log, limits })
    const now = () => store.now()
    const ledger = createMemoryLedger({
      secret: 'a secret',
      retainMs: 60_000,
      maxConversations: 10,
      now,
    })
    const schedule = createHandSchedule()
    const memory = { journals, schedule, ledger, instance: store.instance, now }
    return buildEngine({ flow: FLOW, upstream, memory })
  }
  return [engineOf('one'), engineOf('two')]
}

/** One call, and beside it the plain model of what must be said on it and shown to the model. */
export function createRelayPlay(createEngines: (upstream: Upstream) => Engines) {
  const model = createSteppedModel()
  const asked: CompletionRequest[] = []
  const upstream: Upstream = {
    ...model,
    complete(request, listener) {
      asked.push({ ...request, messages: [...request.messages] })
      return model.complete(request, listener)
    },
  }
  const engines = createEngines(upstream)
  let engine = engines[0]
  let exchanges: readonly Exchange[] = []
  let asks = 0
  let spoken = ''
  const frames: Frame[] = []
  let line = connect(engine, frames)

  const heardOf = ({ heard, sent }: Exchange) => heard ?? sent

  function plainPrompt(text: string): void {
    const last = exchanges.at(-1)
    const isOpen = last !== undefined && heardOf(last) === ''
    const said = isOpen ? last.said : []
    const before = said.join(' ')
    const isRepeat = isOpen && !/\d/.test(text) && wordKey(before) === wordKey(text)
    if (isOpen && isRepeat && last.isRunning) return
    if (last) last.isRunning = false
    asks += 1
    const fresh = {
      ...{ said: isRepeat ? said : [...said, text], sent: '', heard: null },
      ...{ isRunning: true, isPast: false },
    }
    exchanges = [...(isOpen ? exchanges.slice(0, -1) : exchanges), fresh]
  }

  /** What the platform says was heard: of what was said last on this connection, if anything was. */
  function plainInterrupt(words: number | null): string | null {
    const spokenLast = exchanges.findLast(({ sent, isPast }) => sent !== '' && !isPast)
    const last = exchanges.at(-1)
    if (last?.sent && !last.isPast) last.isRunning = false
    if (!spokenLast) return 'Welcome to the clinic'
    if (words === null) return null
    const told = spokenLast.sent.trim().split(' ').slice(0, words).join(' ')
    // Nothing heard of what is not the last: it was heard to its end long ago.
    if (spokenLast.heard === null && (spokenLast === last || told !== '')) spokenLast.heard = told
    return told
  }

  const history = () =>
    exchanges.flatMap((exchange) => [
      `user: ${wordKey(exchange.said.join(' '))}`,
      ...(heardOf(exchange) === '' ? [] : [`assistant: ${wordKey(heardOf(exchange))}`]),
    ])

  return {
    async prompt(text: string) {
      plainPrompt(text)
      line.conversation.onFrame({ type: 'prompt', voicePrompt: text })
      await settle()
      expect(asked).toHaveLength(asks)
      expect(shown(asked.at(-1))).toEqual(history())
    },
    async piece(text: string) {
      const last = exchanges.at(-1)
      if (!last?.isRunning || last.isPast) return
      last.sent += text
      spoken += text
      model.generations.at(-1)?.say(text)
      await settle()
    },
    async end() {
      const last = exchanges.at(-1)
      if (!last?.isRunning || last.isPast || last.sent === '') return
      last.isRunning = false
      model.generations.at(-1)?.end([])
      await settle()
      expect(frames.at(-1)).toMatchObject({ type: 'text', last: true })
    },
    async interrupt(words: number | null) {
      const utteranceUntilInterrupt = plainInterrupt(words)
      line.conversation.onFrame({ type: 'interrupt', utteranceUntilInterrupt })
      await settle()
    },
    async connectAnew() {
      line.gone.abort()
      for (const exchange of exchanges) exchange.isPast = true
      await saved()
      engine = engine === engines[0] ? engines[1] : engines[0]
      line = connect(engine, frames)
      await settle()
    },
    /** What must hold after each step. */
    async check() {
      expect(wordKey(frames.map(({ token }) => textOf(token)).join(' '))).toBe(wordKey(spoken))
      const open = model.generations.map((generation) => generation.isOpen())
      expect(open.filter(Boolean).length).toBeLessThanOrEqual(1)
      const next = toTurnRequest(CALL, { texts: ['what next'], language: null }, [])
      const last = exchanges.at(-1)
      const isOpen = last !== undefined && heardOf(last) === ''
      const { exchange, confidence } = await engine.derive(next)
      expect({ exchange, isLost: confidence === 'low' }).toEqual({
        exchange: exchanges.length + (isOpen ? 0 : 1),
        isLost: false,
      })
    },
  }
}

function connect(engine: TurnEngine, frames: Frame[]) {
  const gone = new AbortController()
  const conversation = createRelayConversation({
    ...{ engine, call: CALL, options: ConversationRelayOptions.parse({}) },
    ...{ gate: createTurnGate({ maxConcurrentTurns: 10 }), log: recordingLog().log },
    withTurnLog: (turn) => turn,
    socket: {
      send: (frame) => void frames.push({ ...frame }),
      flushed: () => Promise.resolve(),
      close: () => gone.abort(),
      drop: () => gone.abort(),
      gone: gone.signal,
    },
  })
  return { conversation, gone }
}

/** Everything that is waiting has had its turn. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await pause()
}

/** What was said a moment ago is known to all instances. */
async function saved(): Promise<void> {
  await delay(5)
  await settle()
}

function shown(request: CompletionRequest | undefined): readonly string[] {
  return (request?.messages ?? [])
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => `${role}: ${toWords(textOf(content)).join(' ')}`)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
