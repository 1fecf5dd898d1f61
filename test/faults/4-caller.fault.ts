import { expect } from 'vitest'
import { BEFORE, DONE, NOTHING_TO_DO } from '../support/fault-model.ts'
import { wholeText } from '../support/fault-caller.ts'
import { faultCase } from '../support/fault-case.ts'
import { setStage } from '../support/fault-stage.ts'
import { eventually } from '../support/fault-wait.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

const BOOKING = 'Booking. '
const WHERE = ['the same instance', 'another instance'] as const

describeWithRedis('The caller speaks on', (redis) => {
  const later = { commit: 'settled', settle_ms: 5000, execution_message: BOOKING }
  const stage = setStage(redis, () => ({
    book: {},
    // One for each case, so that the log tells which one was cancelled.
    revised_here: later,
    revised_there: later,
    spoken_over_here: later,
    spoken_over_there: later,
  }))

  for (const where of WHERE) {
    const isHere = where === 'the same instance'
    const at = () => stage.instances()[isHere ? 0 : 1]
    const place = isHere ? 'here' : 'there'

    const untilCancelled = (tool: string) =>
      eventually('the write is cancelled', () =>
        stage
          .instances()[0]
          .logged('effect cancelled, the caller went on speaking')
          .some((line) => line.tool === tool),
      )

    faultCase({
      fault: `They take it back before the model calls, at ${where}`,
      promise: 'never begun',
      runs: 0,
      async play({ caller, wish }) {
        const { model, webhook } = stage.world()
        const asked = model.hold(wish, 'asked')
        const first = caller.ask(stage.instances()[0], [user(`Please book ${wish}`)])
        await asked.reached
        const text = await caller.ask(at(), [user(`Please book ${wish} oh never mind`)])
        expect(text).toBe(NOTHING_TO_DO)
        expect((await first).trim()).toBe('')
        asked.release()
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They take it back in its settle time, at ${where}`,
      promise: 'cancelled',
      runs: 0,
      async play({ caller, wish }) {
        const { webhook } = stage.world()
        const tool = `revised_${place}`
        const first = await caller.stream(stage.instances()[0], [user(`Please ${tool} ${wish}`)])
        await first.hear(BOOKING)
        const text = await caller.ask(at(), [user(`Please ${tool} ${wish} oh never mind`)])
        expect(text).toBe(NOTHING_TO_DO)
        expect(await wholeText(first)).toBe(BOOKING)
        await untilCancelled(tool)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They take it back while it is being done, at ${where}`,
      promise: 'goes on to its end; the model is told that it is being done',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook } = stage.world()
        webhook.behave(wish, 'hold')
        const first = caller.ask(stage.instances()[0], [user(`Please book ${wish}`)])
        await webhook.held(wish)
        const text = await caller.ask(at(), [user(`Please book ${wish} oh never mind`)])
        expect(text).toBe(NOTHING_TO_DO)
        const told = String(model.asked(wish).at(-1)?.[0]?.content)
        expect(told).toContain('Being done right now, not yet told to the caller: book(')
        webhook.release(wish)
        await first
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They add to it while it is being done, at ${where}`,
      promise: 'the new answer waits for it, and tells it as done',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook } = stage.world()
        webhook.behave(wish, 'hold')
        const first = caller.ask(stage.instances()[0], [user(`Please book ${wish}`)])
        await webhook.held(wish)
        const second = caller.ask(at(), [user(`Please book ${wish} today`)])
        await eventually('the model is asked again', () => model.asked(wish).length === 2)
        webhook.release(wish)
        expect(await second).toBe(DONE)
        await first
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They take it back when it is done, at ${where}`,
      promise: 'not repeated; the model is told that it was done',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook } = stage.world()
        expect(await caller.ask(stage.instances()[0], [user(`Please book ${wish}`)])).toBe(DONE)
        const text = await caller.ask(at(), [user(`Please book ${wish} oh never mind`)])
        expect(text).toBe(NOTHING_TO_DO)
        const told = String(model.asked(wish).at(-1)?.[0]?.content)
        expect(told).toContain('Already done, not yet told to the caller: book(')
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They add to it when it is done, at ${where}`,
      promise: 'not repeated; told as done',
      runs: 1,
      async play({ caller, wish }) {
        const { webhook } = stage.world()
        expect(await caller.ask(stage.instances()[0], [user(`Please book ${wish}`)])).toBe(DONE)
        expect(await caller.ask(at(), [user(`Please book ${wish} today`)])).toBe(DONE)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They speak over the answer in the settle time, at ${where}`,
      promise: 'cancelled',
      runs: 0,
      async play({ caller, wish }) {
        const { webhook } = stage.world()
        const tool = `spoken_over_${place}`
        const asked = user(`Please slowly ${tool} ${wish}`)
        const first = await caller.stream(stage.instances()[0], [asked])
        await first.hear(BOOKING)
        const history = [asked, assistant('Let me see to that'), user('Wait a moment.')]
        await caller.until(at(), history)
        expect(await caller.ask(at(), history)).toBe(NOTHING_TO_DO)
        expect(await wholeText(first)).toContain(BEFORE)
        await untilCancelled(tool)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They speak over the answer while it is being done, at ${where}`,
      promise: 'the next answer waits for it, and knows that it is done',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook } = stage.world()
        webhook.behave(wish, 'hold')
        const asked = user(`Please slowly book ${wish}`)
        const first = caller.ask(stage.instances()[0], [asked])
        await webhook.held(wish)
        const history = [asked, assistant('Let me see to that'), user('Is it done?')]
        await caller.until(at(), history)
        const second = caller.ask(at(), history)
        expect(await first).toBe(BEFORE)
        expect(model.asked(wish)).toHaveLength(1)
        webhook.release(wish)
        expect(await second).toBe(NOTHING_TO_DO)
        expect(JSON.stringify(model.asked(wish).at(-1))).toContain('{\\"done\\":true}')
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      fault: `They speak over the answer when it is done, at ${where}`,
      promise: 'not repeated; the next answer knows that it is done',
      runs: 1,
      async play({ caller, wish }) {
        const { model, webhook } = stage.world()
        const told = model.hold(wish, 'told')
        const asked = user(`Please slowly book ${wish}`)
        const first = caller.ask(stage.instances()[0], [asked])
        await told.reached
        const history = [asked, assistant('Let me see to that'), user('Is it done?')]
        await caller.until(at(), history)
        expect(await caller.ask(at(), history)).toBe(NOTHING_TO_DO)
        expect(await first).toBe(BEFORE)
        told.release()
        expect(JSON.stringify(model.asked(wish).at(-1))).toContain('{\\"done\\":true}')
        return () => webhook.seen(wish)
      },
    })
  }
})
