import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPlay, type ModelStep } from '../support/coordination-play.ts'
import type { PlainReply } from '../support/plain-coordination.ts'
import { SETTLE_MS } from '../support/plain-replies.ts'
import type { Caller } from '../support/switchboard.ts'

type Play = ReturnType<typeof createPlay>

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

const line = fc.constantFrom(0, 0, 0, 1, 1, 2)
const pick = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 5, 8)
const manner = fc.record({
  streams: fc.constantFrom(true, true, true, false),
  isSlow: fc.constantFrom(false, false, false, false, true),
  breaks: fc.constantFrom(false, false, false, true),
  canTransfer: fc.constantFrom(true, true, true, true, false),
})
const does = fc.constantFrom<ModelStep>(
  'say',
  'say',
  'say',
  'end',
  'end',
  'fail',
  'book',
  'book',
  'reserve',
  'reserve',
  'transfer',
  'book and transfer',
  'reserve and transfer',
)
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('speak' as const),
        line,
        manner,
        how: fc.constantFrom('more' as const, 'grow' as const, 'other' as const),
        isCommon: fc.boolean(),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('ask again' as const),
        line,
        manner,
        hasDots: fc.boolean(),
        /** Platforms were seen to ask eight times. */
        times: fc.constantFrom(1, 1, 1, 2, 8),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('ask less' as const), line, manner }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('hear' as const),
        line,
        pick,
        words: fc.integer({ min: 1, max: 8 }),
        keepsCalls: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('converse' as const),
        line,
        isCommon: fc.boolean(),
        does: fc.constantFrom<readonly ModelStep[]>(
          ['say', 'end'],
          ['book', 'say', 'end'],
          ['reserve', 'say', 'end'],
          ['say', 'transfer'],
          ['say', 'say'],
        ),
        words: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('withdraw' as const),
        line,
        times: fc.constantFrom(1, 1, 2),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        type: fc.constant('model' as const),
        pick,
        does,
        slot: fc.constantFrom('ten', 'two'),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('tool' as const), pick, isOk: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('hang up' as const), pick }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('stop reading' as const), pick }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('read on' as const), pick }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('wait' as const),
        ms: fc.constantFrom(10, 500, 700, 1600, 2600, 3100, 16_000),
      }),
    },
  ),
  { maxLength: 60, size: 'max' },
)
type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never

/** One of those that there are; the newest first. */
function choose<T>(from: readonly T[], pick: number): T | undefined {
  return from.at(-1 - (pick % Math.max(1, from.length)))
}

async function take(play: Play, step: Step): Promise<void> {
  switch (step.type) {
    case 'speak':
    case 'ask again':
    case 'ask less':
      return askOn(play, step)
    case 'hear':
      hear(play, step)
      return
    case 'converse':
      return converse(play, step)
    case 'withdraw':
      for (let time = 0; time < step.times; time++) play.lines[step.line]?.withdraw()
      return
    case 'model': {
      const ready = play.model.generations.filter((it) => it.isOpen() && !it.isPaused())
      const generation = choose(ready, step.pick)
      if (generation) await play.step(generation, step.does, step.slot)
      return
    }
    case 'tool': {
      const run = choose(
        play.tools.runs.filter((it) => it.isOpen()),
        step.pick,
      )
      if (run) await play.finishRun(run, step.isOk)
      return
    }
    case 'wait':
      return play.pass(step.ms)
    case 'hang up':
    case 'stop reading':
    case 'read on':
      return connection(play, step)
  }
}

async function askOn(
  { lines, ask }: Play,
  step: Extract<Step, { type: 'speak' | 'ask again' | 'ask less' }>,
): Promise<void> {
  const line = lines[step.line]
  if (!line) return
  const asked =
    step.type === 'speak'
      ? line.speak(step.how, step.isCommon)
      : step.type === 'ask less'
        ? line.shorter()
        : line.now(step.hasDots)
  const times = step.type === 'ask again' ? step.times : 1
  for (let time = 0; asked && time < times; time++) await ask(line, asked, step.manner)
}

/** The platform plays an answer to what it has now, or the beginning of one. */
function hear({ callers, replyOf, lines }: Play, step: Extract<Step, { type: 'hear' }>): void {
  const hearable = callers.flatMap((caller) => {
    const reply = replyOf.get(caller)
    if (!reply || caller.line !== lines[step.line] || !caller.line.canHear(caller.asked)) return []
    if (!caller.streams && caller.ending()?.type !== 'answered') return []
    const isWhole = caller.ending()?.type === 'answered' && !caller.isGone()
    const calls = step.keepsCalls && isWhole && keepsAll(caller, reply) ? caller.calls : []
    const said = caller.text().slice(0, reply.said.length).trim()
    const words = said === '...' ? [] : said.split(' ').filter((word) => word !== '')
    if (words.length === 0 && calls.length === 0) return []
    const text = words.slice(0, calls.length > 0 ? words.length : step.words).join(' ')
    return [{ asked: caller.asked, reply, text, calls }]
  })
  const heard = choose(hearable, step.pick)
  if (heard) lines[step.line]?.hear(heard)
}

/**
 * Who kept no call before keeps none after it, and two openings can make the same call: one could not
 * be told from the other.
 */
function keepsAll({ asked, question }: Caller, { asking, goesOnFrom, calls }: PlainReply): boolean {
  const kept = asked.history.flatMap(({ message, reply }) => (message.calls ? [reply] : []))
  const isLost = (slot: string) =>
    question.shown.some((reply) => reply.calls.includes(slot) && !kept.includes(reply))
  return asking !== 'opening' && goesOnFrom === null && !calls.some(isLost)
}

/** What happens most of the time: words, an answer, and it is heard. */
async function converse(play: Play, step: Extract<Step, { type: 'converse' }>): Promise<void> {
  const line = play.lines[step.line]
  if (!line) return
  const { ask } = await play.ask(line, line.speak('more', step.isCommon), USUAL)
  for (const does of step.does) {
    const generation = play.model.generations.findLast((it) => it.ask === ask && it.isOpen())
    if (generation && !generation.isPaused()) await play.step(generation, does, 'ten')
    if (play.isSettling()) await play.pass(SETTLE_MS)
    play.check()
    for (const run of play.tools.runs) if (run.isOpen()) await play.finishRun(run, true)
  }
  hear(play, { ...step, type: 'hear', pick: 0, keepsCalls: true })
}

const USUAL = { streams: true, isSlow: false, breaks: false, canTransfer: true }

const model = (does: ModelStep) => ({ type: 'model', pick: 0, does, slot: 'ten' }) as const
const SPEAK = { type: 'speak', line: 0, manner: USUAL, how: 'more', isCommon: false } as const
const ASK_AGAIN = { type: 'ask again', line: 0, manner: USUAL, hasDots: false, times: 1 } as const
const ASK_LESS = { type: 'ask less', line: 0, manner: USUAL } as const
const WITHDRAW_TWO = { type: 'withdraw', line: 0, times: 2 } as const
const exchangeOf = (does: readonly ModelStep[]) =>
  ({ type: 'converse', line: 0, isCommon: false, does, words: 2 }) as const
const TALK = exchangeOf(['say', 'end'])
const BOOK = exchangeOf(['book', 'say', 'end'])
const IT_WORKS = { type: 'tool', pick: 0, isOk: true } as const
const HEAR = { type: 'hear', line: 0, pick: 0, words: 2, keepsCalls: false } as const
const HANG_UP = { type: 'hang up', pick: 0 } as const
const SPOKEN_OVER = [SPEAK, model('say'), model('book'), HEAR, SPEAK] as const
const LATER = { type: 'wait', ms: 2600 } as const
const A_LITTLE_LATER = { type: 'wait', ms: 500 } as const
const MUCH_LATER = { type: 'wait', ms: 16_000 } as const

/** What chance brings about too seldom. */
const SELDOM: readonly (readonly Step[])[] = [
  // What was asked for in the second exchange is told in the first, and asked for again in the second.
  [TALK, BOOK, WITHDRAW_TWO, BOOK, BOOK],
  // And that is abandoned: the first one was told, the second was not, until it is asked for again.
  [TALK, BOOK, WITHDRAW_TWO, BOOK, SPEAK, model('book'), IT_WORKS, TALK, BOOK],
  // What the caller spoke over was done, and told: asked for again, it is done again.
  [...SPOKEN_OVER, IT_WORKS, model('book'), IT_WORKS, model('say'), model('end')],
  // Whoever waited for it is gone by then, and asks again: it has led on all the same.
  [...SPOKEN_OVER, HANG_UP, LATER, IT_WORKS, ASK_AGAIN, model('say'), model('end')],
  // What has not settled is not begun once the caller speaks over it, or speaks on.
  [SPEAK, model('say'), model('reserve'), HEAR, SPEAK, LATER, A_LITTLE_LATER],
  // Not even where nobody waited for its answer any more.
  [SPEAK, model('reserve'), HANG_UP, LATER, SPEAK, A_LITTLE_LATER],
  // But whoever only hangs up gets what they wanted, and whoever asks again is told.
  [
    ...[SPEAK, model('reserve'), HANG_UP, LATER, A_LITTLE_LATER, IT_WORKS],
    ...[ASK_AGAIN, model('reserve'), model('say'), model('end')],
  ],
  // A caller whose socket is full is silent for the third time: what little is said waits for nobody.
  [
    ...[TALK, ASK_AGAIN, model('say'), HEAR, ASK_AGAIN, model('say'), HEAR],
    { ...ASK_AGAIN, manner: { ...USUAL, isSlow: true }, times: 2 },
  ],
  // Half a sentence is all that was meant: it fails, the longer one ends, and it is asked again.
  [
    ...[SPEAK, ASK_LESS, model('fail'), model('say'), model('end')],
    ...[ASK_LESS, model('book'), IT_WORKS, model('say'), model('end')],
  ],
  // An opening whose call went out is long over, and another one would like to issue it again.
  [
    ...[ASK_AGAIN, model('transfer'), MUCH_LATER],
    ...[ASK_AGAIN, model('transfer'), model('say'), model('end')],
  ],
]

async function connection(
  { callers, leave, readOn }: Play,
  step: Extract<Step, { type: 'hang up' | 'stop reading' | 'read on' }>,
): Promise<void> {
  const open = callers.filter((caller) => caller.ending() === null)
  const caller = choose(
    step.type === 'read on' ? open.filter((it) => !it.isReading()) : open,
    step.pick,
  )
  if (!caller) return
  if (step.type === 'hang up') await leave(caller)
  else if (step.type === 'read on') await readOn(caller)
  else caller.stopReading()
}

/** Whoever still waits gets an answer, from a model that goes on, or from the limit of a turn. */
async function finish(play: Play, stalls: boolean): Promise<void> {
  const { callers, model, tools } = play
  for (const caller of callers) if (!caller.isReading()) await play.readOn(caller)
  play.check()
  const goesOn = () =>
    play.isSettling() || [...model.generations, ...tools.runs].some((it) => it.isOpen())
  while (!stalls && goesOn()) {
    for (const run of tools.runs) if (run.isOpen()) await play.finishRun(run, true)
    for (const it of model.generations) if (it.isOpen()) await play.step(it, 'end', '')
    if (play.isSettling()) await play.pass(SETTLE_MS)
    play.check()
  }
  if (stalls) {
    await play.stall()
    play.check()
    for (const run of tools.runs) if (run.isOpen()) await play.finishRun(run, true)
  }
}

describe('whatever comes in between', () => {
  it('every request gets one answer, to its own words, and everything is done once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (script, stalls) => {
        vi.clearAllTimers()
        const play = createPlay()
        for (const step of script) {
          await take(play, step)
          play.check()
        }
        await finish(play, stalls)
        play.check()
        // Nothing is left over.
        expect(play.callers.filter((caller) => caller.ending() === null)).toEqual([])
        expect(play.model.generations.filter((it) => it.isOpen())).toEqual([])
        expect(vi.getTimerCount()).toBe(0)
        await play.checkAll()
        // And whoever asks now is not left with what is dead.
        for (const line of play.lines) await play.ask(line, line.now(false), USUAL)
        await finish(play, false)
        expect(play.callers.filter((caller) => caller.ending() === null)).toEqual([])
      }),
      { numRuns: 300, examples: SELDOM.map((script) => [[...script], false]) },
    )
  }, 60_000)
})
