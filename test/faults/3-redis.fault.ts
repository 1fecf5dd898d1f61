import { afterAll, beforeAll, expect } from 'vitest'
import { DONE, NOT_DONE, UNSURE } from '../support/fault-model.ts'
import { wholeText } from '../support/fault-caller.ts'
import { faultCase } from '../support/fault-case.ts'
import { createOutage, type Outage } from '../support/fault-outage.ts'
import { setStage } from '../support/fault-stage.ts'
import { describeWithRedis, startRedis, type RedisServer } from '../support/redis-server.ts'
import { user } from '../support/wire-messages.ts'

const BOOKING = 'Booking. '
type Hook = (end: () => Promise<void>) => void

describeWithRedis('Redis goes away', () => {
  let redis: RedisServer | undefined
  beforeAll(async () => void (redis = await startRedis({ keepsData: true })))
  afterAll(() => redis?.dispose())
  const theRedis = () => {
    if (!redis) throw new Error('Redis runs only while tests do')
    return redis
  }
  const stage = setStage(theRedis, () => ({
    book: {},
    book_safe: { idempotent: true },
    book_later: { commit: 'settled', settle_ms: 3000, execution_message: BOOKING },
  }))

  function prepareOutage(onEnd: Hook): Outage {
    const outage = createOutage(theRedis(), stage.instances())
    // Also when the case has failed: the next one needs it.
    onEnd(() => outage.end())
    return outage
  }

  for (const how of ['stopped', 'stalled'] as const) {
    faultCase({
      isAlone: true,
      fault: `It is ${how} before the request`,
      promise: 'told as not done, nothing is begun; done when asked again afterwards',
      runs: 1,
      async play({ caller, wish, onEnd }) {
        const { webhook } = stage.world()
        const [one, two] = stage.instances()
        const outage = prepareOutage(onEnd)
        await outage.begin(how)
        expect(await caller.ask(one, [user(`Please book ${wish}`)])).toBe(NOT_DONE)
        expect(webhook.seen(wish).requests).toBe(0)
        await outage.end()
        expect(await caller.ask(two, [user(`Please book ${wish} today`)])).toBe(DONE)
        expect(await caller.ask(one, [user(`Please book ${wish} today or so`)])).toBe(DONE)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      isAlone: true,
      fault: `It is ${how} between the request and the call`,
      promise: 'told as not done, nothing is begun; done when asked again afterwards',
      runs: 1,
      async play({ caller, wish, onEnd }) {
        const { model, webhook } = stage.world()
        const [one, two] = stage.instances()
        const outage = prepareOutage(onEnd)
        const asked = model.hold(wish, 'asked')
        const answer = await caller.stream(one, [user(`Please book ${wish}`)])
        await asked.reached
        await outage.begin(how)
        asked.release()
        expect(await wholeText(answer)).toBe(NOT_DONE)
        expect(webhook.seen(wish).requests).toBe(0)
        await outage.end()
        expect(await caller.ask(two, [user(`Please book ${wish} today`)])).toBe(DONE)
        return () => webhook.seen(wish)
      },
    })

    faultCase({
      isAlone: true,
      fault: `It is ${how} between the call and its record`,
      promise: 'told as done; recorded once Redis is back, so that nobody repeats it',
      runs: 1,
      async play({ caller, wish, onEnd }) {
        const { webhook } = stage.world()
        const [one, two] = stage.instances()
        const outage = prepareOutage(onEnd)
        webhook.behave(wish, 'hold')
        const answer = await caller.stream(one, [user(`Please book ${wish}`)])
        await webhook.held(wish)
        await outage.begin(how)
        webhook.release(wish)
        expect(await wholeText(answer)).toBe(DONE)
        await outage.end()
        expect(await caller.ask(two, [user(`Please book ${wish} today`)])).toBe(DONE)
        expect(await caller.ask(one, [user(`Please book ${wish} today or so`)])).toBe(DONE)
        return () => webhook.seen(wish)
      },
    })
  }

  faultCase({
    isAlone: true,
    fault: 'It is stopped while a write waits for its settle time',
    promise: 'told as not done, nothing is begun; done when asked again afterwards',
    runs: 1,
    async play({ caller, wish, onEnd }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const outage = prepareOutage(onEnd)
      const answer = await caller.stream(one, [user(`Please book_later ${wish}`)])
      await answer.hear(BOOKING)
      await outage.begin('stopped')
      expect(await wholeText(answer)).toContain(NOT_DONE)
      expect(webhook.seen(wish).requests).toBe(0)
      await outage.end()
      expect(await caller.ask(two, [user(`Please book_later ${wish} today`)])).toContain(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    isAlone: true,
    fault: 'It is stopped between the record and the end of the answer',
    promise: 'told as done; a retry elsewhere hears the same',
    runs: 1,
    async play({ caller, wish, onEnd }) {
      const { model, webhook } = stage.world()
      const [one, two] = stage.instances()
      const outage = prepareOutage(onEnd)
      const told = model.hold(wish, 'told')
      const answer = await caller.stream(one, [user(`Please book ${wish}`)])
      await told.reached
      await outage.begin('stopped')
      told.release()
      expect(await wholeText(answer)).toBe(DONE)
      await outage.end()
      expect(await caller.ask(two, [user(`Please book ${wish}`)])).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    isAlone: true,
    fault: 'It is stopped between the call and its record, and the process is killed as well',
    promise: 'told as unknown; not repeated',
    runs: 1,
    async play({ caller, wish, onEnd }) {
      const { webhook, start } = stage.world()
      const [, two] = stage.instances()
      const outage = prepareOutage(onEnd)
      const killed = await start()
      webhook.behave(wish, 'hold')
      const cut = caller.ask(killed, [user(`Please book ${wish}`)]).catch(() => null)
      await webhook.held(wish)
      await outage.begin('stopped')
      await killed.kill()
      await cut
      webhook.release(wish)
      await outage.end()
      expect(await caller.ask(two, [user(`Please book ${wish}`)])).toBe(UNSURE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    isAlone: true,
    fault: 'It forgets everything, and the tool honours the key',
    promise: 'a retry elsewhere may ask once more, under the same key',
    requests: 2,
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, forgetAll } = stage.world()
      const [one, two] = stage.instances()
      expect(await caller.ask(one, [user(`Please book_safe ${wish}`)])).toBe(DONE)
      await forgetAll()
      expect(await caller.ask(two, [user(`Please book_safe ${wish}`)])).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })
})
