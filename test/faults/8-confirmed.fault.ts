import { expect } from 'vitest'
import { DONE, NOTHING_TO_DO } from '../support/fault-model.ts'
import { wholeText } from '../support/fault-caller.ts'
import { faultCase } from '../support/fault-case.ts'
import { setStage } from '../support/fault-stage.ts'
import { eventually } from '../support/fault-wait.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

const PAYING = 'Paying. '
const READ_BACK = 'So you want to pay now, shall I do it?'
const YES = user('Yes please.')

describeWithRedis('A tool needs the yes of the caller', (redis) => {
  const confirmed = { commit: 'confirmed', readback: READ_BACK }
  const stage = setStage(redis, () => ({
    pay: { ...confirmed, settle_ms: 50 },
    pay_later: { ...confirmed, settle_ms: 5000, execution_message: PAYING },
  }))

  faultCase({
    fault: 'No yes comes, only other words',
    promise: 'never begun; read back again when called again',
    runs: 0,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const asked = user(`Please pay ${wish}`)
      expect(await caller.ask(one, [asked])).toBe(READ_BACK)
      expect(await caller.ask(two, [asked])).toBe(READ_BACK)
      const doubts = [asked, assistant(READ_BACK), user(`Hm, is pay ${wish} expensive?`)]
      expect(await caller.ask(two, doubts)).toBe(READ_BACK)
      const refuses = [...doubts, assistant(READ_BACK), user(`No, do not pay ${wish}.`)]
      expect(await caller.ask(one, refuses)).toBe(READ_BACK)
      const silent = [...refuses, assistant(READ_BACK)]
      await caller.ask(one, silent)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The read-back was cut off before its end, and a yes comes',
    promise: 'never begun; read back again',
    runs: 0,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const asked = user(`Please pay ${wish}`)
      expect(await caller.ask(one, [asked])).toBe(READ_BACK)
      const cut = [asked, assistant('So you want to pay'), YES]
      expect(await caller.ask(two, cut)).toBe(READ_BACK)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The yes comes to another instance, and is retried at both',
    promise: 'told as done',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const asked = user(`Please pay ${wish}`)
      expect(await caller.ask(one, [asked])).toBe(READ_BACK)
      const yes = [asked, assistant(READ_BACK), YES]
      const first = await Promise.all([two, one, two, one].map((at) => caller.ask(at, yes)))
      expect(first).toEqual([DONE, DONE, DONE, DONE])
      const revised = [asked, assistant(READ_BACK), user('Yes please, do.')]
      expect(await caller.ask(one, revised)).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The process that read it back is killed before the yes',
    promise: 'told as done by the other one',
    runs: 1,
    async play({ caller, wish }) {
      const { webhook, start } = stage.world()
      const killed = await start()
      const asked = user(`Please pay ${wish}`)
      expect(await caller.ask(killed, [asked])).toBe(READ_BACK)
      await killed.kill()
      const yes = [asked, assistant(READ_BACK), YES]
      expect(await caller.ask(stage.instances()[0], yes)).toBe(DONE)
      expect(await caller.ask(stage.instances()[1], yes)).toBe(DONE)
      return () => webhook.seen(wish)
    },
  })

  faultCase({
    fault: 'The caller takes the yes back in the settle time, at another instance',
    promise: 'cancelled',
    runs: 0,
    async play({ caller, wish }) {
      const { webhook } = stage.world()
      const [one, two] = stage.instances()
      const asked = user(`Please pay_later ${wish}`)
      expect(await caller.ask(one, [asked])).toBe(READ_BACK)
      const readBack = [asked, assistant(READ_BACK)]
      const first = await caller.stream(one, [...readBack, YES])
      await first.hear(PAYING)
      const revised = [...readBack, user('Yes please, no, never mind.')]
      expect(await caller.ask(two, revised)).toBe(NOTHING_TO_DO)
      expect(await wholeText(first)).toBe(PAYING)
      await eventually(
        'the write is cancelled',
        () => one.logged('effect cancelled, the caller went on speaking').length > 0,
      )
      return () => webhook.seen(wish)
    },
  })
})
