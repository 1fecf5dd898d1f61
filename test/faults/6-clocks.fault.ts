import { afterAll, beforeAll, expect } from 'vitest'
import { DONE, NOTHING_TO_DO } from '../support/fault-model.ts'
import { wholeText } from '../support/fault-caller.ts'
import { faultCase } from '../support/fault-case.ts'
import type { Instance } from '../support/fault-instance.ts'
import { eventually } from '../support/fault-wait.ts'
import { createWorld, type World } from '../support/fault-world.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

const MINUTE_MS = 60_000
const BOOKING = 'Booking. '
const READ_BACK = 'So that is booked, shall I do it?'

describeWithRedis('The clocks of two instances differ by a minute', (redis) => {
  const later = { commit: 'settled', settle_ms: 5000, execution_message: BOOKING }
  let world: World | undefined
  let started: Readonly<Record<'right' | 'ahead' | 'behind', Instance>> | undefined

  beforeAll(async () => {
    const tools = {
      book: { commit: 'settled', settle_ms: 200 },
      later_ahead: later,
      later_behind: later,
      pay: { commit: 'confirmed', settle_ms: 50, readback: READ_BACK },
    }
    world = await createWorld({ redisUrl: redis().url, tools })
    const [right, ahead, behind] = await Promise.all([
      world.start(),
      world.start({ clockAheadMs: MINUTE_MS }),
      world.start({ clockAheadMs: -MINUTE_MS }),
    ])
    started = { right, ahead, behind }
  })
  afterAll(() => world?.close())

  function stage() {
    if (!world || !started) throw new Error('the stage is there only while tests run')
    return { ...world, ...started }
  }

  const minutesAhead = (instance: Instance) =>
    eventually('a turn is logged', () => {
      const time = instance.logged('turn ended').at(-1)?.time
      return typeof time === 'string' && Math.round((Date.parse(time) - Date.now()) / MINUTE_MS)
    })

  for (const clock of ['ahead', 'behind'] as const) {
    faultCase({
      fault: `A retry reaches one that is ${clock}, while the first one answers`,
      promise: 'the second one waits, and says what the first one says; one model call',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook, right, [clock]: skewed } = stage()
        webhook.behave(wish, 'hold')
        const messages = [user(`Please book ${wish}`)]
        const first = caller.ask(right, messages)
        await webhook.held(wish)
        const second = await caller.stream(skewed, messages)
        webhook.release(wish)
        expect(await wholeText(second)).toBe(DONE)
        expect(await first).toBe(DONE)
        expect(model.asked(wish)).toHaveLength(2)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `A retry comes at once, ${clock === 'ahead' ? 'to one that is ahead' : 'after an answer of one that is behind'}`,
      promise: 'it hears the same words again, without a model call',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook, right, ahead, behind } = stage()
        // A minute lies between the two by their own clocks: too long for the same words.
        const [first, second] = clock === 'ahead' ? [right, ahead] : [behind, right]
        const messages = [user(`Please book ${wish}`)]
        expect(await caller.ask(first, messages)).toBe(DONE)
        expect(await caller.ask(second, messages)).toBe(DONE)
        expect(model.asked(wish)).toHaveLength(2)
        expect(await minutesAhead(stage()[clock])).toBe(clock === 'ahead' ? 1 : -1)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `The caller takes it back at one that is ${clock}, in the settle time`,
      promise: 'cancelled',
      runs: 0,
      async play({ caller, wish }) {
        const { webhook, right, [clock]: skewed } = stage()
        const tool = `later_${clock}`
        const first = await caller.stream(skewed, [user(`Please ${tool} ${wish}`)])
        await first.hear(BOOKING)
        const text = await caller.ask(right, [user(`Please ${tool} ${wish} oh never mind`)])
        expect(text).toBe(NOTHING_TO_DO)
        expect(await wholeText(first)).toBe(BOOKING)
        await eventually('the write is cancelled', () =>
          skewed
            .logged('effect cancelled, the caller went on speaking')
            .some((line) => line.tool === tool),
        )
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `The caller confirms at one that is ${clock}`,
      promise: 'done, and told to a retry at the other one',
      runs: 1,
      async play({ caller, wish }) {
        const { webhook, right, [clock]: skewed } = stage()
        const asked = user(`Please pay ${wish}`)
        expect(await caller.ask(right, [asked])).toBe(READ_BACK)
        const confirmed = [asked, assistant(READ_BACK), user('Yes please.')]
        expect(await caller.ask(skewed, confirmed)).toBe(DONE)
        expect(await caller.ask(right, confirmed)).toBe(DONE)
        return () => webhook.seen(wish)
      },
    })
  }
})
