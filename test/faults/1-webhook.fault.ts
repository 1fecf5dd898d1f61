import { expect } from 'vitest'
import { DONE, NOT_DONE, UNSURE } from '../support/fault-model.ts'
import { faultCase } from '../support/fault-case.ts'
import { setStage } from '../support/fault-stage.ts'
import { startFaultWebhook } from '../support/fault-webhook.ts'
import { freePort } from '../support/free-port.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { user } from '../support/wire-messages.ts'

describeWithRedis("The tool's own server fails", (redis) => {
  let unusedPort = 0
  const stage = setStage(redis, async () => {
    unusedPort = await freePort()
    return {
      slow: { timeout_ms: 600 },
      slow_safe: { timeout_ms: 1000, idempotent: true },
      cut: {},
      cut_safe: { idempotent: true },
      odd: {},
      absent: { url: `http://127.0.0.1:${unusedPort}/absent` },
    }
  })

  faultCase({
    fault: 'It answers after the time-out',
    promise: 'told as unknown; neither a retry nor a revision repeats it',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'hold')
      expect(await caller.ask(one, [user(`Please slow ${wish}`)])).toBe(UNSURE)
      webhook.release(wish)
      expect(await caller.ask(two, [user(`Please slow ${wish}`)])).toBe(UNSURE)
      expect(await caller.ask(two, [user(`Please slow ${wish} today`)])).toBe(UNSURE)
      expect(await caller.ask(one, [user(`Please slow ${wish} today or so`)])).toBe(UNSURE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'It answers after the time-out and honours the key',
    promise: 'the next attempt asks once more under the same key, and tells',
    requests: 2,
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'hold', 'answer')
      expect(await caller.ask(one, [user(`Please slow_safe ${wish}`)])).toBe(UNSURE)
      expect(await caller.ask(two, [user(`Please slow_safe ${wish} today`)])).toBe(DONE)
      expect(await caller.ask(one, [user(`Please slow_safe ${wish} today or so`)])).toBe(DONE)
      webhook.release(wish)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'It resets the connection once it has the request',
    promise: 'told as unknown; not repeated',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'reset', 'answer')
      expect(await caller.ask(one, [user(`Please cut ${wish}`)])).toBe(UNSURE)
      expect(await caller.ask(two, [user(`Please cut ${wish} today`)])).toBe(UNSURE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'It resets the connection once it has the request and honours the key',
    promise: 'repeated at once under the same key, and told',
    requests: 2,
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'reset', 'answer')
      expect(await caller.ask(one, [user(`Please cut_safe ${wish}`)])).toBe(DONE)
      expect(await caller.ask(two, [user(`Please cut_safe ${wish} today`)])).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'It answers 200 with something that cannot be read',
    promise: 'counts as done',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'garbage')
      expect(await caller.ask(one, [user(`Please odd ${wish}`)])).toBe(DONE)
      expect(await caller.ask(two, [user(`Please odd ${wish} today`)])).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'It refuses the connection, and accepts one later',
    promise: 'told as not done; tried again when the caller asks again',
    runs: 1,
    async play({ caller, wish, onEnd }) {
      const [one, two] = stage.instances()
      expect(await caller.ask(one, [user(`Please absent ${wish}`)])).toBe(NOT_DONE)
      const webhook = await startFaultWebhook(unusedPort)
      onEnd(() => webhook.close())
      expect(await caller.ask(two, [user(`Please absent ${wish} today`)])).toBe(DONE)
      expect(await caller.ask(one, [user(`Please absent ${wish} today or so`)])).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })
})
