import fc from 'fast-check'
import { it } from 'vitest'
import { createRelayPlay, oneInstance, twoInstances } from './relay-play.ts'

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('prompt' as const),
      text: fc.constantFrom('I want to book.', 'On Tuesday.', 'Yes.', '7', '42'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('piece' as const),
      text: fc.constantFrom('Sure. ', 'On Tuesday at nine or ten. ', 'I have Tuesday. ', 'Yes, '),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('end' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('interrupt' as const),
      words: fc.option(fc.integer({ min: 0, max: 9 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('connect anew' as const) }) },
)

it.each([
  ['one instance', oneInstance, 150],
  ['two instances', twoInstances, 60],
])(
  'is the history that was said and heard, in whatever order callers, platform and model speak: %s',
  async (_, instances, numRuns) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const play = createRelayPlay(instances)
        for (const step of steps) {
          if (step.does === 'prompt') await play.prompt(step.text)
          else if (step.does === 'piece') await play.piece(step.text)
          else if (step.does === 'end') await play.end()
          else if (step.does === 'interrupt') await play.interrupt(step.words)
          else await play.connectAnew()
          await play.check()
        }
        await play.prompt('Goodbye.')
      }),
      { numRuns },
    )
  },
  60_000,
)
