import { expect, it, onTestFinished, vi } from 'vitest'
import { createMemorySchedule } from '../../../src/turn/undo/undo-schedule.ts'

function start() {
  const schedule = createMemorySchedule()
  onTestFinished(() => schedule.close())
  const seen: string[] = []
  schedule.onDue((id) => void seen.push(id))
  return { schedule, seen }
}

const until = (look: () => void) => vi.waitFor(look, { interval: 2, timeout: 5000 })

it('looks at a conversation once its time has come, and once only', async () => {
  const { schedule, seen } = start()
  schedule.schedule('first', 1)
  await until(() => expect(seen).toEqual(['first']))
  schedule.schedule('second', 1)
  await until(() => expect(seen).toEqual(['first', 'second']))
})

it('moves an appointment to where the last request puts it', async () => {
  const { schedule, seen } = start()
  schedule.schedule('moved', 1)
  schedule.schedule('moved', 10_000)
  schedule.schedule('other', 5)
  await until(() => expect(seen).toEqual(['other']))
})

it('forgets an appointment where there is nothing left to look at', async () => {
  const { schedule, seen } = start()
  schedule.schedule('gone', 1)
  schedule.unschedule('gone')
  schedule.unschedule('never there')
  schedule.schedule('other', 5)
  await until(() => expect(seen).toEqual(['other']))
})

it('looks at nothing any more once it is closed', async () => {
  const { schedule, seen } = start()
  schedule.schedule('late', 1)
  schedule.close()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(seen).toEqual([])
})
