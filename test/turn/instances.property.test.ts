import fc from 'fast-check'
import { describe, it, vi } from 'vitest'
import { useVirtualTime } from '../support/instances-clock.ts'
import { createPlay } from '../support/instances-play.ts'
import { scripts } from '../support/instances-steps.ts'

/** Some 50 ms each. */
const RUNS = 50

useVirtualTime()

describe('several instances and one conversation', () => {
  it.each([
    ['nothing but instances and their store fail', true],
    ['models and tools fail as well', false],
  ])(
    'every request is answered and everything is done once where %s',
    async (_, isKind) => {
      await fc.assert(
        fc.asyncProperty(scripts(isKind), async (script) => {
          vi.clearAllTimers()
          const play = createPlay(script)
          for (const step of script.steps) {
            await play.take(step)
            play.checkWorld()
          }
          await play.calm()
          play.checkAnswers(isKind)
          play.checkWorld()
          await play.checkRest()
          play.close()
        }),
        { numRuns: RUNS },
      )
    },
    600_000,
  )
})
