import { expect } from 'vitest'
import { DONE, UNSURE } from '../support/fault-model.ts'
import { faultCase } from '../support/fault-case.ts'
import { openSilentPort } from '../support/fault-silent-port.ts'
import { setStage } from '../support/fault-stage.ts'
import { eventually } from '../support/fault-wait.ts'
import { startFaultWebhook } from '../support/fault-webhook.ts'
import { createWorld } from '../support/fault-world.ts'
import type { LiveStream } from '../support/live-stream.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { user } from '../support/wire-messages.ts'

describeWithRedis('A process is killed', (redis) => {
  const BOOKING = 'Booking. '
  const stage = setStage(redis, () => ({
    book: {},
    book_safe: { idempotent: true },
    book_later: { commit: 'settled', settle_ms: 3000, execution_message: BOOKING },
  }))

  /** The answer of a process that is killed breaks off. */
  const broken = (answer: Promise<LiveStream>): Promise<unknown> =>
    answer.then((stream) => stream.rest()).catch(() => null)

  const betweenClaimAndCall = { book: UNSURE, book_safe: DONE }
  for (const [tool, words] of Object.entries(betweenClaimAndCall)) {
    const isSafe = tool === 'book_safe'
    faultCase({
      fault: `After it has claimed a write, before it calls${isSafe ? ' a tool that honours the key' : ''}`,
      promise: isSafe
        ? 'the other instance does it, and tells'
        : 'the other instance tells it as unknown, and does not try',
      runs: isSafe ? 1 : 0,
      async play({ caller, wish, onEnd }) {
        const silence = await openSilentPort()
        onEnd(() => silence.close())
        const url = `http://127.0.0.1:${silence.port}/book`
        const tools = { book: { url }, book_safe: { url, idempotent: true } }
        const world = await createWorld({ redisUrl: redis().url, tools })
        onEnd(() => world.close())
        const [killed, other] = await Promise.all([world.start(), world.start()])
        const cut = broken(caller.stream(killed, [user(`Please ${tool} ${wish}`)]))
        await eventually('the claim is taken', async () => (await world.claims()) > 0)
        await killed.kill()
        await cut
        await silence.close()
        const webhook = await startFaultWebhook(silence.port)
        onEnd(() => webhook.close())
        expect(await caller.ask(other, [user(`Please ${tool} ${wish}`)])).toBe(words)
        expect(await caller.ask(other, [user(`Please ${tool} ${wish} today`)])).toBe(words)
        return () => webhook.seen(wish)
      },
    })
  }

  faultCase({
    fault: 'After the call, before it has recorded what came of it',
    promise: 'the other instance tells it as unknown, and does not repeat it',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start } = stage.world()
      const [, other] = stage.instances()
      const killed = await start()
      webhook.behave(wish, 'hold')
      const cut = broken(caller.stream(killed, [user(`Please book ${wish}`)]))
      await webhook.held(wish)
      await killed.kill()
      await cut
      expect(await caller.ask(other, [user(`Please book ${wish}`)])).toBe(UNSURE)
      expect(await caller.ask(other, [user(`Please book ${wish} today`)])).toBe(UNSURE)
      webhook.release(wish)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'After the call, where the tool honours the key',
    promise: 'the other instance asks once more under the same key, and tells',
    requests: 2,
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start } = stage.world()
      const [, other] = stage.instances()
      const killed = await start()
      webhook.behave(wish, 'hold', 'answer')
      const cut = broken(caller.stream(killed, [user(`Please book_safe ${wish}`)]))
      await webhook.held(wish)
      await killed.kill()
      await cut
      expect(await caller.ask(other, [user(`Please book_safe ${wish}`)])).toBe(DONE)
      webhook.release(wish)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'After the call, and it is the only one; it is started again',
    promise: 'told as unknown; not repeated',
    runs: 1,
    async play({ caller, wish, onEnd }) {
      const world = await createWorld({ redisUrl: redis().url, tools: { book: {} } })
      onEnd(() => world.close())
      const killed = await world.start()
      world.webhook.behave(wish, 'hold')
      const cut = broken(caller.stream(killed, [user(`Please book ${wish}`)]))
      await world.webhook.held(wish)
      await killed.kill()
      await cut
      const again = await world.start()
      expect(await caller.ask(again, [user(`Please book ${wish}`)])).toBe(UNSURE)
      world.webhook.release(wish)
      return () => world.webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'After it has recorded a write, before it tells the caller',
    promise: 'the other instance tells it as done',
    runs: 1,
    async play({ caller, wish }) {
      const { model, webhook, start } = stage.world()
      const [, other] = stage.instances()
      const killed = await start()
      const told = model.hold(wish, 'told')
      const cut = broken(caller.stream(killed, [user(`Please book ${wish}`)]))
      await told.reached
      await killed.kill()
      await cut
      told.release()
      expect(await caller.ask(other, [user(`Please book ${wish}`)])).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'While a write waits for its settle time',
    promise: 'the other instance does it, and tells',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start } = stage.world()
      const [, other] = stage.instances()
      const killed = await start()
      const answer = await caller.stream(killed, [user(`Please book_later ${wish}`)])
      await answer.hear(BOOKING)
      await killed.kill()
      const text = await caller.ask(other, [user(`Please book_later ${wish}`)])
      expect(text).toContain(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'While it asks the model, and a retry waits at the other instance',
    promise: 'the one that waits takes over',
    runs: 1,
    async play({ caller, wish }) {
      const { model, webhook, start } = stage.world()
      const [, other] = stage.instances()
      const killed = await start()
      const asked = model.hold(wish, 'asked')
      const cut = broken(caller.stream(killed, [user(`Please book ${wish}`)]))
      await asked.reached
      const waiting = caller.ask(other, [user(`Please book ${wish}`)])
      await killed.kill()
      await cut
      asked.release()
      expect(await waiting).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })
})
