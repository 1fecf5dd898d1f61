import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { TurnEngine } from '../../src/turn/turn.ts'
import { toRequest } from '../support/engine.ts'
import { createGate } from '../support/gate.ts'
import { assistant, user } from '../support/history.ts'
import {
  createPlainCaller,
  uniqueWord,
  type Action,
  type Answering,
  type PlainCaller,
  type RunningAsk,
} from '../support/plain-caller.ts'
import {
  begin,
  happensIn,
  placeAfter,
  plainFlows,
  START,
  type Called,
  type PlainFlow,
} from '../support/plain-flow.ts'

/*
 * A plain model of a conversation: the turns that were heard, replayed one after the other. Whatever
 * was discarded, cut, asked again or withdrawn, and in whatever order the requests came in, the
 * server must derive the model's state from the history alone.
 */

interface HeardTurn {
  readonly shown: readonly ConversationMessage[]
  readonly calls: readonly Called[]
  /** It had finished, and every word of it was heard. */
  readonly whole: boolean
  readonly opens: boolean
}

/** Speech of the caller and what was heard after it; without speech it is the greeting. */
interface HeardExchange {
  readonly speech: readonly ConversationMessage[]
  readonly turns: HeardTurn[]
  /** Words that somebody else answered with. */
  readonly foreign?: string
  silences: number
}

/** The plain model: what was heard, replayed. */
function replay(flow: PlainFlow, heard: readonly HeardExchange[]) {
  let after = START
  let last: HeardTurn | undefined
  for (const turn of heard.flatMap(({ turns }) => turns)) {
    const start = begin(flow, after, { wasCut: last?.whole === false, opens: turn.opens })
    after = placeAfter(start.place, happensIn(flow, start, turn.calls), turn.whole)
    last = turn
  }
  return {
    after,
    wasCut: last?.whole === false,
    heard: !last ? 'unknown' : last.whole ? 'full' : 'partial',
  }
}

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constantFrom('set_on' as const, 'set_off' as const),
  fc.nat(3),
)
const answering: fc.Arbitrary<Answering> = fc.record({
  actions: fc.array(action, { maxLength: 3 }),
  shared: fc.nat(7),
})
const hearing = {
  cutAt: fc.integer({ min: 1, max: 12 }),
  cutsWords: fc.boolean(),
  respelled: fc.boolean(),
  answering,
}
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('speech' as const),
        /** Lost: the platform threw the answer away, and the caller goes on. */
        heard: fc.constantFrom('full', 'cut', 'lost', 'running', 'aborted'),
        /** The same is asked again. */
        retried: fc.boolean(),
        /** Exchanges that are withdrawn before the caller speaks. */
        withdraw: fc.constantFrom(0, 0, 0, 1, 2),
        /** Lost speech goes on in the same message, or in one of its own. */
        merges: fc.boolean(),
        /** What becomes of the request with a shorter transcript of the same speech. */
        shorter: fc.constantFrom('none', 'none', 'ends first', 'ends last', 'comes late'),
        other: answering,
        ...hearing,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('silence' as const),
        heard: fc.constantFrom('full', 'cut', 'lost'),
        dots: fc.boolean(),
        ...hearing,
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('foreign' as const) }) },
  ),
  { minLength: 1, maxLength: 10 },
)
const openings = fc.option(fc.record({ heard: fc.constantFrom('full', 'cut', 'lost'), ...hearing }))

type Opening = typeof openings extends fc.Arbitrary<infer T> ? T : never
type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never
type Speech = Extract<Step, { type: 'speech' }>
type Silence = Extract<Step, { type: 'silence' }>

interface Expected {
  readonly state: string
  readonly exchange: number
  readonly heard: string
  readonly variables: Readonly<Record<string, string>>
}
interface Seen {
  readonly messages: readonly ConversationMessage[]
  readonly expected: Expected
}

async function check(engine: TurnEngine, { messages, expected }: Seen): Promise<void> {
  const { state, exchange, heard, variables } = await engine.derive(toRequest(messages))
  expect({ state, exchange, heard, variables }).toEqual(expected)
}

function createConversation(flow: PlainFlow, { engine, ask }: PlainCaller) {
  const heard: HeardExchange[] = []
  const seen: Seen[] = []
  const running: (() => Promise<unknown>)[] = []
  let open: readonly ConversationMessage[] = []
  let said = 0

  const history = () =>
    heard.flatMap(({ speech, turns, foreign }) => [
      ...speech,
      ...(foreign ? [assistant(foreign)] : []),
      ...turns.flatMap(({ shown }) => shown),
    ])
  const exchanges = () => heard.filter(({ speech }) => speech.length > 0).length

  /** Where the plain model says that a request begins; the server must say the same. */
  async function look(messages: readonly ConversationMessage[], exchange: number, opens = false) {
    const { after, wasCut, heard: lastHeard } = replay(flow, heard)
    const start = begin(flow, after, { wasCut, opens })
    const { room: state, ...variables } = start.place
    const expected = { state, exchange, heard: lastHeard, variables }
    seen.push({ messages, expected })
    await check(engine, { messages, expected })
    return start
  }

  /** Asks and waits for the end, where the plain model must stand as well. */
  async function askWhole(
    messages: readonly ConversationMessage[],
    how: Answering,
    start: ReturnType<typeof begin>,
  ) {
    const asked = await ask(messages, how)
    const end = await asked.end
    const happened = happensIn(flow, start, asked.calls)
    expect(end?.state).toBe(placeAfter(start.place, happened, true).room)
    return asked
  }

  function show(
    asked: RunningAsk,
    step: Omit<Opening & {}, 'heard'> & { heard: string },
    isFinished: boolean,
  ) {
    const words = asked.text().split(' ')
    // Once it has ended, a turn of which all was heard was heard in full, however late it ended.
    const audible = step.heard === 'running' && !isFinished ? words.length - 1 : words.length
    const kept = step.heard === 'full' ? audible : Math.min(step.cutAt, audible)
    const isCut = step.heard !== 'full' && step.cutsWords
    const text = words.slice(0, kept).join(' ')
    const heardText = isCut ? text.slice(0, -1) : text
    return {
      shown: [assistant(step.respelled ? `${heardText.toUpperCase()}...` : heardText)],
      calls: [...asked.calls],
      whole: isFinished && !isCut && kept === words.length,
    }
  }

  async function opening(step: Opening & {}): Promise<void> {
    const asked = await askWhole([], step.answering, await look([], 0, true))
    if (step.heard === 'lost') return
    heard.push({ speech: [], turns: [{ ...show(asked, step, true), opens: true }], silences: 0 })
  }

  async function silence(step: Silence): Promise<void> {
    const exchange = heard.at(-1)
    if (!exchange || open.length > 0 || exchange.foreign) return
    const dots = step.dots ? [user('...')] : []
    const messages = [...history(), ...dots]
    const start = await look(messages, exchanges())
    const isQuiet = exchange.silences++ >= 2 && !start.says
    const asked = await askWhole(messages, step.answering, start)
    if (isQuiet) expect(asked.text()).toBe('... ')
    if (isQuiet || step.heard === 'lost') return
    const turn = show(asked, step, true)
    exchange.turns.push({ ...turn, shown: [...dots, ...turn.shown], opens: false })
  }

  /** An exchange that never came here: another agent answered. */
  async function foreign(): Promise<void> {
    if (open.length > 0) return
    const speech = [user(`${uniqueWord(1000 + ++said)} says the caller`)]
    heard.push({ speech, turns: [], foreign: 'Please hold, billing will answer', silences: 0 })
    await look([...history(), user('and now this')], exchanges() + 1)
  }

  async function speech(step: Speech): Promise<void> {
    const first = heard.findIndex((exchange) => exchange.speech.length > 0)
    if (open.length === 0 && first >= 0) {
      heard.splice(Math.max(first, heard.length - step.withdraw))
    }
    const more = `${uniqueWord(1000 + ++said)} says the caller`
    const last = open.at(-1)
    open =
      last && step.merges
        ? [...open.slice(0, -1), user(`${last.text} ${more}`)]
        : [...open, user(more)]
    const shorter = open.with(-1, user(open.at(-1)?.text.replace(/ caller$/, '') ?? ''))
    const staysOpen = step.heard === 'running' || step.heard === 'aborted'
    const { asked, isFinished } = await askOverlapping(step, shorter, staysOpen)
    if (step.heard === 'lost') return
    const isAborted = step.heard === 'aborted' && !isFinished
    let turn = show(asked, step, isFinished)
    if (step.retried && isAborted) {
      const messages = [...history(), ...open]
      const again = await askWhole(messages, step.other, await look(messages, exchanges() + 1))
      turn = show(again, step, true)
    } else if (step.retried) await askAgain(asked, step.other, isFinished)
    heard.push({ speech: open, turns: [{ ...turn, opens: false }], silences: 0 })
    open = []
    await look([...history(), user('and now this')], exchanges() + 1)
    await look(history(), exchanges())
  }

  /** The words of a turn that runs or has finished are given again, and the model is not asked. */
  async function askAgain(asked: RunningAsk, how: Answering, isFinished: boolean) {
    const messages = [...history(), ...open]
    await look(messages, exchanges() + 1)
    const again = await ask(messages, how)
    expect(again.source).toBe(isFinished ? 'replayed' : 'joined')
    if (isFinished) expect((await again.end)?.state).toBe((await asked.end)?.state)
    else running.push(() => again.end)
    expect(again.text()).toBe(asked.text())
    expect(again.calls).toEqual([])
  }

  async function askOverlapping(step: Speech, shorter: typeof open, staysOpen: boolean) {
    const messages = [...history(), ...open]
    const start = await look(messages, exchanges() + 1)
    const shorterMessages = [...history(), ...shorter]
    const early = step.shorter === 'ends first' || step.shorter === 'ends last'
    const shorterGate = createGate()
    const shorterHow = { ...step.other, before: shorterGate }
    const shorterAsked = early ? await ask(shorterMessages, shorterHow) : null
    await Promise.race([shorterAsked && shorterGate.reached, shorterAsked?.end])
    const [before, after] = [createGate(), createGate()]
    const asked = await ask(messages, { ...step.answering, before, ...(staysOpen && { after }) })
    await Promise.race([before.reached, asked.end])
    if (step.shorter === 'ends first') shorterGate.release()
    // The caller went on speaking: whoever waits for an answer to less gets a proper end at once.
    expect((await shorterAsked?.end)?.finishReason).toBe(shorterAsked ? 'stop' : undefined)
    if (step.shorter === 'comes late') await (await ask(shorterMessages, step.other)).end
    await look(messages, exchanges() + 1)
    before.release()
    const isFinished = await Promise.race([
      asked.end.then(() => true),
      after.reached.then(() => false),
    ])
    shorterGate.release()
    if (isFinished) {
      const end = await asked.end
      expect(end?.state).toBe(
        placeAfter(start.place, happensIn(flow, start, asked.calls), true).room,
      )
    } else if (step.heard === 'aborted') {
      asked.hangUp()
      await asked.end
      // The turn is given up by a timer of its own.
      await delay(1)
    } else {
      running.push(() => {
        after.release()
        return asked.end
      })
    }
    return { asked, isFinished }
  }

  async function end(): Promise<readonly Seen[]> {
    for (const finish of running) await finish()
    return seen
  }

  return { opening, silence, foreign, speech, end }
}

async function converse(flow: PlainFlow, first: Opening, script: readonly Step[]) {
  const caller = createPlainCaller(flow)
  const conversation = createConversation(flow, caller)
  if (first) await conversation.opening(first)
  for (const step of script) {
    if (step.type === 'speech') await conversation.speech(step)
    else if (step.type === 'silence') await conversation.silence(step)
    else await conversation.foreign()
  }
  return { engine: caller.engine, seen: await conversation.end() }
}

describe('the derived state', () => {
  it('equals that of a plain model which replays only what was heard', async () => {
    await fc.assert(
      fc.asyncProperty(plainFlows, openings, steps, async (flow, first, script) => {
        await converse(flow, first, script)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('is the same for every history that was seen, in whatever order they are looked at again', async () => {
    const order = fc.infiniteStream(fc.nat())
    await fc.assert(
      fc.asyncProperty(plainFlows, openings, steps, order, async (flow, first, script, random) => {
        const { engine, seen } = await converse(flow, first, script)
        const shuffled = seen.map((entry) => ({ entry, at: Number(random.next().value) }))
        for (const { entry } of shuffled.sort((a, b) => a.at - b.at)) await check(engine, entry)
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})
