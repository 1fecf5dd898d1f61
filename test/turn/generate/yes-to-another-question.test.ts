import { expect, it } from 'vitest'
import {
  answering,
  ASKED,
  askForYes,
  PAID,
  READ_BACK,
  startPaying,
  WISH,
} from '../../support/paying-desk.ts'
import { assistant, user } from '../../support/wire-messages.ts'

const STILL_THERE = 'Are you still there?'

it.each([
  ['the platform asked next', [...ASKED, assistant(STILL_THERE)]],
  ['the platform asked after a moment', [...ASKED, user('...'), assistant(STILL_THERE)]],
])('a yes to what %s pays nothing: it is read back again', async (_, heard) => {
  const desk = await startPaying()
  await askForYes(desk)
  const again = await answering(desk, [...heard, user('Yes.')])
  expect(again.text).toBe(READ_BACK)
  expect(desk.payments()).toBe(0)
})

it('a yes counts where something else was said before the read-back, not after it', async () => {
  const desk = await startPaying()
  await askForYes(desk)
  const heard = [WISH, assistant('One moment.'), assistant(READ_BACK)]
  expect((await answering(desk, [...heard, user('Yes.')])).text).toBe(PAID)
  expect(desk.payments()).toBe(1)
})
