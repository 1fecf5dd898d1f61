import { expect } from 'vitest'
import { DONE, NOTHING_TO_DO } from '../support/fault-model.ts'
import type { Caller } from '../support/fault-caller.ts'
import { faultCase } from '../support/fault-case.ts'
import type { Instance } from '../support/fault-instance.ts'
import { setStage } from '../support/fault-stage.ts'
import { eventually } from '../support/fault-wait.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

describeWithRedis('What was done is taken back with `compensate`', (redis) => {
  const stage = setStage(redis, () => ({
    hold: { compensate: { tool: 'unhold', arguments: { wish: '{{wish}}' } } },
    unhold: {},
  }))

  const untilUndone = (wish: string) =>
    eventually('it is undone', () => stage.world().webhook.seen(wish, 'unhold').requests > 0)

  interface Revised {
    readonly caller: Caller
    readonly wish: string
    readonly at?: Instance
  }

  /** Done, and then not wished for any more; the history in which that was heard, and more is asked. */
  async function reviseHeard({ caller, wish, at = stage.instances()[0] }: Revised) {
    const revised = user(`Please hold ${wish} oh never mind`)
    expect(await caller.ask(at, [user(`Please hold ${wish}`)])).toBe(DONE)
    expect(await caller.ask(stage.instances()[1], [revised])).toBe(NOTHING_TO_DO)
    return [revised, assistant(NOTHING_TO_DO)]
  }

  faultCase({
    fault: 'The caller takes it back, and both instances see it',
    promise: 'undone once',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const heard = await reviseHeard({ caller, wish })
      expect(webhook.seen(wish, 'unhold').requests).toBe(0)
      const next = [...heard, user('Thank you.')]
      await Promise.all([one, two, one, two].map((instance) => caller.ask(instance, next)))
      await untilUndone(wish)
      expect(webhook.seen(wish, 'hold').requests).toBe(1)
      return () => webhook.seen(wish, 'unhold')
    },
  })

  faultCase({
    fault: 'The caller only adds to it, and the new answer has it as well',
    promise: 'stays; not repeated',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const added = user(`Please hold ${wish} and what does it cost`)
      expect(await caller.ask(one, [user(`Please hold ${wish}`)])).toBe(DONE)
      expect(await caller.ask(two, [added])).toBe(DONE)
      const next = [added, assistant(DONE), user('Thank you.')]
      expect(await caller.ask(one, next)).toBe(NOTHING_TO_DO)
      expect(await caller.ask(two, [...next, assistant(NOTHING_TO_DO), user('Bye.')])).toBe(
        NOTHING_TO_DO,
      )
      // The undo would count as well.
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The process that did it is killed before the caller takes it back',
    promise: 'undone once by the other one',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start } = stage.world()
      const [one, two] = stage.instances()
      const killed = await start()
      const heard = await reviseHeard({ caller, wish, at: killed })
      await killed.kill()
      const next = [...heard, user('Thank you.')]
      await Promise.all([one, two].map((instance) => caller.ask(instance, next)))
      await untilUndone(wish)
      return () => webhook.seen(wish, 'unhold')
    },
  })

  faultCase({
    fault: 'The caller hangs up after taking it back, and a minute passes',
    promise: 'undone once',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, letMinutePass } = stage.world()
      await reviseHeard({ caller, wish })
      expect(webhook.seen(wish, 'unhold').requests).toBe(0)
      await letMinutePass(wish)
      await untilUndone(wish)
      return () => webhook.seen(wish, 'unhold')
    },
  })

  faultCase({
    fault: 'The same, and the process that did it is killed before',
    promise: 'undone once by another one',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start, letMinutePass } = stage.world()
      const killed = await start()
      await reviseHeard({ caller, wish, at: killed })
      await killed.kill()
      await letMinutePass(wish)
      await untilUndone(wish)
      return () => webhook.seen(wish, 'unhold')
    },
  })

  faultCase({
    fault: 'The process that undoes it is killed over it',
    promise: 'not undone a second time',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start, letMinutePass, untilLooked } = stage.world()
      const killed = await start()
      webhook.behave(wish, 'answer', 'hold')
      const heard = await reviseHeard({ caller, wish })
      expect(await caller.ask(killed, [...heard, user('Thank you.')])).toBe(NOTHING_TO_DO)
      await webhook.held(wish)
      await killed.kill()
      await letMinutePass(wish)
      await eventually('another one has asked what came of it', () =>
        stage
          .instances()
          .some((one) => one.logged('undo ran').some(({ status }) => status === 'unknown')),
      )
      await letMinutePass(wish)
      await untilLooked(wish)
      webhook.release(wish)
      return () => webhook.seen(wish, 'unhold')
    },
  })

  faultCase({
    fault: 'The caller hangs up after it was told as done, and a minute passes',
    promise: 'stays',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, letMinutePass, untilLooked } = stage.world()
      expect(await caller.ask(stage.instances()[0], [user(`Please hold ${wish}`)])).toBe(DONE)
      await letMinutePass(wish)
      await untilLooked(wish)
      // The undo would count as well.
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The caller wishes for it again after it was undone',
    promise: 'done once more, under another key',
    requests: 2,
    runs: 2,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const heard = await reviseHeard({ caller, wish })
      expect(await caller.ask(one, [...heard, user('Thank you.')])).toBe(NOTHING_TO_DO)
      await untilUndone(wish)
      // The platform has taken all that back, and asks at the first place once more.
      expect(await caller.ask(two, [user(`Please hold ${wish} after all`)])).toBe(DONE)
      expect(await caller.ask(one, [user(`Please hold ${wish} after all then`)])).toBe(DONE)
      return () => webhook.seen(wish, 'hold')
    },
  })
})
