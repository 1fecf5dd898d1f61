import fc from 'fast-check'
import type { ModelStep } from './coordination-play.ts'

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
/** What callers, platforms, models and tools do, in any order. */
export const steps = fc.array(
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
export type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never

/** How most platforms take most answers. */
export const USUAL = { streams: true, isSlow: false, breaks: false, canTransfer: true }

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
export const SELDOM: readonly (readonly Step[])[] = [
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
  // What another reply has begun is waited for, however long it takes.
  [SPEAK, model('book'), SPEAK, model('book'), MUCH_LATER, IT_WORKS, model('say'), model('end')],
  // A caller whose socket is full is silent for the third time: what little is said waits for nobody.
  [
    ...[TALK, ASK_AGAIN, model('say'), HEAR, ASK_AGAIN, model('say'), HEAR],
    { ...ASK_AGAIN, manner: { ...USUAL, isSlow: true }, times: 2 },
  ],
  // Unless it had to wait itself, for a booking that they were silent over: then it waits for room.
  [
    ...[TALK, ASK_AGAIN, model('say'), HEAR, ASK_AGAIN, model('say'), model('book'), HEAR],
    { ...ASK_AGAIN, manner: { ...USUAL, isSlow: true } },
    ...[IT_WORKS, ASK_AGAIN],
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
