import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversationMessage } from '../../src/conversation/message.ts'
import type { CompletionRequest } from '../../src/upstream/upstream.ts'
import { answer, buildEngine, createModel, toRequest } from '../support/engine.ts'
import { assistant, user } from '../support/history.ts'

/*
 * A plain model of a conversation: the turns that were heard, replayed one after the other. Whatever
 * was discarded, cut, asked again or withdrawn, and in whatever order the requests came in, the
 * server must derive the model's state from the history alone.
 */

const STATES = ['a', 'b', 'c', 'd'] as const
type State = (typeof STATES)[number]

interface ModelEdge {
  readonly to: State
  readonly full: boolean
  readonly sets: boolean
}
type ModelFlow = Readonly<Record<State, readonly ModelEdge[]>>

/** How the platform treats one turn. */
interface Step {
  /** Which edge of the state the model takes, if the state has that many. */
  readonly edge: number
  readonly words: number
  /** full, cut after some words, lost, or asked again after the first answer was lost. */
  readonly heard: 'full' | 'cut' | 'lost' | 'retried'
  readonly cutAt: number
  /** Exchanges that are withdrawn before the caller speaks. */
  readonly withdraw: number
  /** Lost speech goes on in a message of its own, or in the same one. */
  readonly merges: boolean
  /** A shorter transcript is asked first and ends after the longer one. */
  readonly overlaps: boolean
}

const edge = fc.record({ to: fc.constantFrom(...STATES), full: fc.boolean(), sets: fc.boolean() })
const edges = fc.uniqueArray(edge, { maxLength: 3, selector: (candidate) => candidate.to })
const flows: fc.Arbitrary<ModelFlow> = fc.record({ a: edges, b: edges, c: edges, d: edges })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    edge: fc.integer({ min: 0, max: 4 }),
    words: fc.integer({ min: 3, max: 9 }),
    heard: fc.constantFrom('full', 'full', 'cut', 'lost', 'retried'),
    cutAt: fc.integer({ min: 1, max: 8 }),
    withdraw: fc.constantFrom(0, 0, 0, 1, 2),
    merges: fc.boolean(),
    overlaps: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

/** A word that no other text begins with, made of letters: numbers match loosely. */
function uniqueWord(number: number): string {
  return `q${[...String(number)].map((digit) => 'abcdefghij'[Number(digit)]).join('')}x`
}

function toFlow(model: ModelFlow): unknown {
  const states = Object.fromEntries(
    STATES.map((name) => [
      name,
      {
        edges: model[name].map(({ to, full, sets }) => ({
          to,
          ...(full && { require_heard: 'full' }),
          when: {
            type: 'llm',
            description: `Go to ${to}`,
            ...(sets && {
              parameters: { type: 'object', properties: { mark: { type: 'string' } } },
            }),
          },
        })),
      },
    ]),
  )
  return { name: 'model', starting_state: 'a', variables: { mark: { type: 'string' } }, states }
}

interface Taken extends ModelEdge {
  readonly mark: string
}
interface HeardTurn {
  readonly user: ConversationMessage[]
  readonly reply: string
  readonly taken: Taken | null
  readonly whole: boolean
}

/** The plain model: what was heard, replayed. */
function replay(heard: readonly HeardTurn[]): { state: State; mark: string | undefined } {
  let state: State = 'a'
  let mark: string | undefined
  for (const { taken, whole } of heard) {
    if (!taken) continue
    if (taken.full && !whole) continue
    if (taken.sets) mark = taken.mark
    state = taken.to
  }
  return { state, mark }
}

function play(flow: ModelFlow, remembers: { journal: boolean }) {
  let count = 0
  let script: { edge: number; words: number } = { edge: 9, words: 3 }
  const decisions = new Map<string, { reply: string; taken: Taken | null }>()

  function decide(request: CompletionRequest) {
    const asked = JSON.stringify(request.messages.findLast((message) => message.role === 'user'))
    const called = request.messages.at(-1)?.role === 'tool'
    if (called) return { text: decisions.get(asked)?.reply ?? '' }
    const begun = ++count
    const reply = [uniqueWord(begun), ...Array.from({ length: script.words - 1 }, () => 'word')]
    const chosen = flow[request.state as State][script.edge] // the state is one of the flow's
    const possible = chosen && chosen.to !== request.state ? chosen : null
    const taken = possible ? { ...possible, mark: uniqueWord(begun) } : null
    decisions.set(asked, { reply: reply.join(' '), taken })
    if (!taken) return { text: reply.join(' ') }
    const args = JSON.stringify(taken.sets ? { mark: taken.mark } : {})
    return { calls: [{ id: `t${begun}`, name: `transition_to_${taken.to}`, arguments: args }] }
  }

  const engine = buildEngine({
    flow: toFlow(flow),
    upstream: createModel(decide),
    remembers: remembers.journal,
  })
  return {
    engine,
    ask: async (messages: readonly ConversationMessage[], step: Step) => {
      script = step
      const { text } = await answer(engine, toRequest(messages))
      const asked = JSON.stringify({ role: 'user', content: lastSpeech(messages) })
      const decision = decisions.get(asked)
      if (decision?.reply !== text) throw new Error('the answer is not the one decided')
      return decision
    },
  }
}

function lastSpeech(messages: readonly ConversationMessage[]): string {
  const from = messages.findLastIndex((message) => message.role === 'assistant') + 1
  return messages
    .slice(from)
    .map((message) => message.text)
    .join(' ')
}

function toMessages(heard: readonly HeardTurn[]): ConversationMessage[] {
  return heard.flatMap((turn) => [...turn.user, assistant(turn.reply)])
}

async function converse(flow: ModelFlow, script: readonly Step[]): Promise<void> {
  const { engine, ask } = play(flow, { journal: true })
  const heard: HeardTurn[] = []
  let open: ConversationMessage[] = []
  let said = 0
  for (const step of script) {
    if (open.length === 0) heard.splice(Math.max(0, heard.length - step.withdraw))
    const more = `${uniqueWord(1000 + ++said)} says the caller`
    const last = open.at(-1)
    open =
      last && step.merges
        ? [...open.slice(0, -1), user(`${last.text} ${more}`)]
        : [...open, user(more)]
    const before = toMessages(heard)
    const expected = replay(heard)
    expect(engine.derive(toRequest([...before, ...open]))).toMatchObject({ state: expected.state })
    if (step.overlaps) {
      // The transcript so far, asked again with one word less: both run, and either may end first.
      const shorter = open.with(-1, user(open.at(-1)?.text.replace(/ caller$/, '') ?? ''))
      await ask([...before, ...shorter], { ...step, edge: step.edge + 1 })
    }
    let decision = await ask([...before, ...open], step)
    if (step.heard === 'retried')
      decision = await ask([...before, ...open], { ...step, edge: step.edge + 1 })
    if (step.heard === 'lost') continue
    const words = decision.reply.split(' ')
    const kept = step.heard === 'cut' ? Math.min(step.cutAt, words.length) : words.length
    const reply = words.slice(0, kept).join(' ')
    heard.push({ user: open, reply, taken: decision.taken, whole: kept === words.length })
    open = []
    const after = replay(heard)
    const derived = engine.derive(toRequest([...toMessages(heard), user('and now this')]))
    expect(derived).toMatchObject({ state: after.state, exchange: heard.length + 1 })
    expect(derived.variables.mark).toBe(after.mark)
    expect(derived.heard).toBe(kept === words.length ? 'full' : 'partial')
  }
}

describe('the derived state', () => {
  it('equals that of a plain model which replays only what was heard', async () => {
    await fc.assert(fc.asyncProperty(flows, steps, converse), { numRuns: 300 })
  })

  it('is the same for every history that was seen, in whatever order they are asked again', async () => {
    await fc.assert(
      fc.asyncProperty(flows, steps, fc.infiniteStream(fc.nat()), async (flow, script, random) => {
        const { engine, ask } = play(flow, { journal: true })
        const heard: HeardTurn[] = []
        const seen: { messages: ConversationMessage[]; state: State }[] = []
        for (const [index, step] of script.entries()) {
          const open = [user(`${uniqueWord(2000 + index)} says the caller`)]
          const messages = [...toMessages(heard), ...open]
          seen.push({ messages, state: replay(heard).state })
          const decision = await ask(messages, step)
          if (step.heard === 'lost') continue
          heard.push({ user: open, reply: decision.reply, taken: decision.taken, whole: true })
        }
        const order = seen.map((entry) => ({ entry, at: random.next().value }))
        for (const { entry } of order.sort((a, b) => a.at - b.at)) {
          expect(engine.derive(toRequest(entry.messages)).state).toBe(entry.state)
        }
      }),
      { numRuns: 100 },
    )
  })
})
