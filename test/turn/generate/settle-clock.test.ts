import { expect, it } from 'vitest'
import { writing } from '../../support/effect-desk.ts'
import { startTimedDesk } from '../../support/timed-desk.ts'
import { BOOK, DONE, WISH } from '../../support/undoable-desk.ts'

it('a clock that is set back by an hour makes nobody wait longer for a write to settle', async () => {
  const clock = { ahead: 7_200_000 }
  const desk = await startTimedDesk({
    tools: (at) => ({ book: writing(at, 'book', { settle_ms: 50 }) }),
    config: { routing: { turn_timeout_ms: 5000 } },
    now: () => performance.now() + clock.ahead,
  })
  const setBack = () => {
    clock.ahead -= 3_600_000
    return { calls: [BOOK] }
  }
  desk.upstream.reply(setBack, { say: DONE })
  expect((await desk.turn([WISH])).text).toBe(DONE)
  expect(desk.webhooks.calls('/book')).toHaveLength(1)
})
