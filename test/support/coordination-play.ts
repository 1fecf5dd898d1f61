import { expect, vi } from 'vitest'
import type { ModelToolCall } from '../../src/upstream/upstream.ts'
import { createPhoneLine, toQuestion, type Asked, type PhoneLine } from './phone-line.ts'
import { uniqueWord } from './plain-caller.ts'
import { begunWrite, decide, type Decision, type PlainReply } from './plain-coordination.ts'
import { createPlainReplies, keyOf } from './plain-replies.ts'
import type { Generation, ToolRun } from './stepped-model.ts'
import { checkAnswer, createSwitchboard, slotOf, type Caller, type Manner } from './switchboard.ts'

const ATTACH_GRACE_MS = 2500
const TURN_LIMIT_MS = 20_000

export type ModelStep =
  'say' | 'end' | 'fail' | 'transfer' | `${'book' | 'reserve'}${'' | ' and transfer'}`

const pause = () => new Promise((resolve) => setImmediate(resolve))

/** Everything that is waiting has had its turn, what waits for no time at all included. */
async function settle(): Promise<void> {
  await pause()
  vi.advanceTimersByTime(0)
  await pause()
}

/** A few conversations on one server, and beside it the plain model that says what must happen. */
export function createPlay() {
  const board = createSwitchboard()
  const { callers, model, tools } = board
  const lines = [
    createPhoneLine(0, 'desk', 'one'),
    createPhoneLine(1, 'other', 'one'),
    createPhoneLine(2, 'desk', 'two'),
  ]
  const replyOf = new Map<Caller, PlainReply>()
  const listeners = (reply: PlainReply) =>
    followers(reply).filter((caller) => !caller.isGone() && caller.ending() === null)
  const hasRoom = (reply: PlainReply) => {
    const all = listeners(reply)
    return all.length === 0 || all.some((caller) => caller.isReading())
  }
  const plain = createPlainReplies({
    isAlone: (reply) => listeners(reply).length === 0,
    hasRoom,
    hasRoomForCall: (reply) =>
      hasRoom(reply) || listeners(reply).some((it) => !it.canTransfer && !it.isStuck()),
    hasStarted: (reply) => listeners(reply).some((caller) => caller.streams && caller.hasHeard()),
    sentLength: (reply) =>
      Math.max(0, ...followers(reply).map((caller) => (caller.streams ? caller.text().length : 0))),
  })
  const seen: { readonly line: PhoneLine; readonly asked: Asked }[] = []
  const keyOfRun = new Map<ToolRun, string>()
  const delivered = new Set<string>()
  const issuedTwice: string[] = []
  const checked = new Set<Caller>()
  let words = 0

  const now = () => performance.now()
  const running = () => plain.all.filter(({ status }) => status === 'running')
  const isOpen = (reply: PlainReply) =>
    model.generations.some((it) => it.ask === reply.ask && it.isOpen())

  function followers(reply: PlainReply): readonly Caller[] {
    return callers.filter((caller) => replyOf.get(caller) === reply && caller.source !== 'replayed')
  }

  async function ask(line: PhoneLine, asked: Asked, manner: Manner): Promise<Caller> {
    const question = toQuestion(line, asked)
    const decision = decide(plain.ofLine(line.number), question, now())
    seen.push({ line, asked })
    await checkDerived(line, asked, decision)
    // What is left of it to be cancelled ends only after whoever asked has begun to listen.
    const hasToWait = decision.superseded.some(({ waitsFor }) => waitsFor)
    for (const reply of decision.superseded) plain.supersede(reply)
    const at = { ask: board.nextAsk(), line: line.number }
    const reply = decision.reply ?? plain.begin(at, question, decision)
    if (decision.answer === 'replay') reply.replays += 1
    reply.leftAt = null
    const repeats = reply.isDelivered || !manner.canTransfer ? [] : [...reply.calls]
    const caller = await board.ask(
      line,
      { asked, question, repeats, ...manner },
      noteCalls(reply, { question, ...manner }),
    )
    replyOf.set(caller, reply)
    const source = SOURCES[decision.answer]
    expect(caller).toMatchObject({ source, state: decision.start.state })
    if (decision.answer === 'join' && !caller.isStuck()) plain.roomCame(reply)
    await settle()
    if (decision.answer !== 'generate') expect(asksModel(caller)).toBe(false)
    else if (reply.awaits.length === 0 && !asksModel(caller)) keepQuiet(reply, hasToWait)
    return caller
  }

  const asksModel = ({ ask }: Pick<PlainReply, 'ask'>) =>
    model.generations.some((it) => it.ask === ask)

  function keepQuiet(reply: PlainReply, isListenedTo: boolean): void {
    expect(reply.asking).toBe('silence')
    plain.keepQuiet(reply, isListenedTo)
  }

  /** A platform call that was delivered is never issued to somebody who asks the same later. */
  function noteCalls(
    reply: PlainReply,
    { question, canTransfer }: Pick<Caller, 'question' | 'canTransfer'>,
  ) {
    const { place, asking, words } = question
    const keyOfCall = (call: ModelToolCall) => [place, asking, words, slotOf(call)].join()
    const before = new Set(delivered)
    return {
      onCall(call: ModelToolCall) {
        if (before.has(keyOfCall(call))) issuedTwice.push(keyOfCall(call))
      },
      onDelivered(calls: readonly ModelToolCall[]) {
        const isWhole = canTransfer || reply.calls.length === 0
        if (reply.status !== 'finished' || !isWhole) return
        reply.isDelivered = true
        for (const call of calls) delivered.add(keyOfCall(call))
      },
    }
  }

  async function checkDerived(line: PhoneLine, asked: Asked, decision: Decision): Promise<void> {
    const { state, exchange, kind, variables } = await board.derive(line, asked)
    const isSpeech = kind === 'new' || kind === 'revised' || kind === 'withdrawn'
    expect({ state, exchange, kind: isSpeech ? 'speech' : kind, ref: variables.ref }).toEqual({
      state: decision.start.state,
      exchange: toQuestion(line, asked).exchange,
      kind: decision.kind,
      ref: decision.start.ref,
    })
  }

  async function step(generation: Generation, does: ModelStep, slot: string): Promise<void> {
    const reply = plain.begunBy(generation.ask)
    if (!reply) throw new Error(`nobody asked ${generation.ask}`)
    const canTransfer = generation.offers('transfer')
    if (does === 'say') {
      const text = `${uniqueWord(1000 + ++words)} ${uniqueWord(1000 + ++words)} `
      reply.said += text
      generation.say(text)
    } else if (does === 'fail') {
      plain.fail(reply)
      generation.fail()
    } else if (does === 'transfer' && canTransfer) {
      plain.transfer(reply, slot)
      generation.end([toCall('transfer', slot)])
    } else if (!/^(book|reserve)/.test(does) || !generation.offers('book')) {
      plain.conclude(reply)
      generation.end([])
    } else {
      const settles = does.startsWith('reserve')
      const thenTransfers = does.endsWith('transfer') && canTransfer ? slot : null
      const call = settles ? toCall('reserve', `${slot} o'clock`) : toCall('book', slot)
      plain.book(reply, { slot: slotOf(call), settles, thenTransfers })
      generation.end([call, ...(thenTransfers === null ? [] : [toCall('transfer', thenTransfers)])])
    }
    await settle()
    const isStopped = reply.status === 'running' && !reply.ending && !reply.waitsFor
    if (isStopped && !isOpen(reply)) {
      // The last round: it was told that all is done already.
      expect(reply.issued, 'the reply neither ended nor went on').not.toEqual([])
      plain.conclude(reply)
      await settle()
    }
  }

  async function finishRun(run: ToolRun, isOk: boolean): Promise<void> {
    const starter = plain.begunBy(run.ask)
    const waiting = running().filter(({ awaits }) => awaits.length > 0)
    const ref = starter ? plain.finishEffect(starter, isOk) : null
    run.finish(
      ref === null
        ? { status: 'failed', content: 'it did not work' }
        : { status: 'ok', content: ref, value: { ref } },
    )
    await settle()
    for (const reply of waiting) {
      if (reply.awaits.length === 0 && !asksModel(reply)) keepQuiet(reply, true)
    }
  }

  /** Time passes; never so much that a turn runs into its limit. */
  async function pass(wantedMs: number): Promise<void> {
    const left = running().map(({ startedAt }) => startedAt + TURN_LIMIT_MS - 1 - now())
    const ms = Math.max(0, Math.min(wantedMs, ...left))
    const until = now() + ms
    for (const reply of running()) {
      const isLeft = reply.leftAt !== null && reply.leftAt + ATTACH_GRACE_MS <= until
      if (isLeft) plain.end(reply, 'aborted')
    }
    vi.advanceTimersByTime(ms)
    plain.beginDueWrites()
    await settle()
  }

  /** The model says nothing more, until the limit of every turn is over. */
  async function stall(): Promise<void> {
    for (const reply of running()) if (reply.leftAt !== null) plain.end(reply, 'aborted')
    vi.advanceTimersByTime(TURN_LIMIT_MS)
    for (const reply of running()) plain.fail(reply)
    plain.beginDueWrites()
    await settle()
  }

  async function leave(caller: Caller): Promise<void> {
    const reply = replyOf.get(caller)
    const wasListening = caller.ending() === null && caller.source !== 'replayed'
    caller.hangUp()
    if (reply && wasListening) {
      plain.roomCame(reply)
      if (reply.status === 'running' && listeners(reply).length === 0) reply.leftAt = now()
    }
    await settle()
  }

  async function readOn(caller: Caller): Promise<void> {
    const reply = replyOf.get(caller)
    caller.readOn()
    if (reply && caller.source !== 'replayed' && caller.ending() === null) plain.roomCame(reply)
    await settle()
  }

  /** What must hold after every step. */
  function check(): void {
    for (const caller of callers) {
      const reply = replyOf.get(caller)
      if (!reply || checked.has(caller)) continue
      if (caller.ending() !== null) {
        checked.add(caller)
        checkAnswer(caller, reply)
        continue
      }
      // Only a full socket keeps somebody waiting once the reply has ended.
      const mayWait =
        caller.isStuck() || (caller.source !== 'replayed' && reply.status === 'running')
      expect({ ask: caller.ask, mayWait }).toEqual({ ask: caller.ask, mayWait: true })
    }
    for (const generation of model.generations) {
      const reply = plain.begunBy(generation.ask)
      if (!reply || !generation.isOpen()) continue
      // Nobody pays for words that nobody waits for, and one who reads on is enough to go on.
      // And where the answer begins, or what its own call gave, is known before a model is asked.
      const { ask, status, awaits, waitsFor } = reply
      const isDue = { ask, status: 'running', awaits: [], waitsFor: null }
      expect({ ask, status, awaits, waitsFor }).toEqual(isDue)
      if (hasRoom(reply)) expect(generation.isPaused()).toBe(false)
    }
    for (const run of tools.runs) {
      if (keyOfRun.has(run)) continue
      const reply = plain.begunBy(run.ask)
      // Half a sentence changes nothing, and nothing that is known already is done again.
      const write = reply && begunWrite(reply)
      expect({ runs: write?.slot, refused: reply?.refusesWrites }).toEqual({
        runs: run.args.slot,
        refused: false,
      })
      if (reply && write) keyOfRun.set(run, keyOf(reply, write))
    }
    expect(issuedTwice).toEqual([])
    const keys = [...keyOfRun.values()]
    expect(keys).toEqual([...new Set(keys)])
  }

  return {
    lines,
    replyOf,
    callers,
    model,
    tools,
    ask,
    step,
    finishRun,
    pass,
    stall,
    leave,
    readOn,
    isSettling: plain.isSettling,
    check,
    /** Every history that was ever shown still leads to where the plain model stands. */
    async checkAll() {
      for (const { line, asked } of seen) {
        const decision = decide(plain.ofLine(line.number), toQuestion(line, asked), now())
        await checkDerived(line, asked, decision)
      }
    },
  }
}

const SOURCES = { join: 'joined', replay: 'replayed', generate: 'generated' } as const

let spellings = 0

/** The same call in other words: keys in another order, white space, another id. */
function toCall(name: string, slot: string): ModelToolCall {
  spellings += 1
  const spelled =
    spellings % 2 === 0 ? `{"slot":"${slot}","by":"us"}` : `{ "by": "us", "slot": "${slot}" }`
  return { id: `call_${spellings}`, name, arguments: spelled }
}
