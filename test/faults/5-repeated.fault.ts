import { expect } from 'vitest'
import { DONE } from '../support/fault-model.ts'
import { wholeText } from '../support/fault-caller.ts'
import { faultCase } from '../support/fault-case.ts'
import { setStage } from '../support/fault-stage.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { user } from '../support/wire-messages.ts'

const EIGHT = Array.from({ length: 8 }, (_, index) => index)

describeWithRedis('A request comes more than once', (redis) => {
  const stage = setStage(redis, () => ({ book: { commit: 'settled', settle_ms: 200 } }))

  for (const where of ['one instance', 'two instances'] as const) {
    faultCase({
      fault: `Eight times at once, at ${where}`,
      promise: 'all eight hear the same words',
      runs: 1,
      async play({ caller, wish }) {
        const { webhook } = stage.world()
        const instances = stage.instances()
        const at = (index: number) => instances[where === 'one instance' ? 0 : index % 2 ? 1 : 0]
        const messages = [user(`Please book ${wish}`)]
        const heard = await Promise.all(EIGHT.map((index) => caller.ask(at(index), messages)))
        expect(heard).toEqual(EIGHT.map(() => DONE))
        return () => webhook.seen(wish)
      },
    })
  }

  faultCase({
    fault: 'At another instance, while the first one asks the model',
    promise: 'the second one waits, and says what the first one says; one model call',
    runs: 1,
    async play({ caller, wish }) {
      const { model, webhook } = stage.world()
      const [one, two] = stage.instances()
      const asked = model.hold(wish, 'asked')
      const messages = [user(`Please book ${wish}`)]
      const first = caller.stream(one, messages)
      await asked.reached
      // Its headers come before anything is known, and what keeps its line alive.
      const second = await caller.stream(two, messages)
      expect(second.headers.get('x-turnstate-kind')).toBe('retry')
      asked.release()
      expect(await wholeText(second)).toBe(DONE)
      expect(await wholeText(await first)).toBe(DONE)
      expect(model.asked(wish)).toHaveLength(2)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'At another instance, while the tool is being called',
    promise: 'the second one waits, and says what the first one says; one model call',
    runs: 1,
    async play({ caller, wish }) {
      const { model, webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'hold')
      const messages = [user(`Please book ${wish}`)]
      const first = caller.ask(one, messages)
      await webhook.held(wish)
      const second = await caller.stream(two, messages)
      webhook.release(wish)
      expect(await wholeText(second)).toBe(DONE)
      expect(await first).toBe(DONE)
      expect(model.asked(wish)).toHaveLength(2)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'At another instance, when it is answered',
    promise: 'the same words again, without a model call',
    runs: 1,
    async play({ caller, wish }) {
      const { model, webhook } = stage.world()
      const [one, two] = stage.instances()
      const messages = [user(`Please book ${wish}`)]
      expect(await caller.ask(one, messages)).toBe(DONE)
      expect(await caller.ask(two, messages)).toBe(DONE)
      expect(model.asked(wish)).toHaveLength(2)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The first caller hangs up while the tool is being called',
    promise: 'it is done all the same, and told to the retry',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      webhook.behave(wish, 'hold')
      const messages = [user(`Please book ${wish}`)]
      const first = await caller.stream(one, messages)
      await webhook.held(wish)
      first.hangUp()
      const second = await caller.stream(two, messages)
      webhook.release(wish)
      expect(await wholeText(second)).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })
})
