import { expect, it } from 'vitest'
import { ended, speaking } from '../support/paced-model.ts'
import { startPacedRooms } from '../support/rooms-flow.ts'
import { assistant, platformTool, user } from '../support/wire-messages.ts'

const HI = user('I want to book')
const BOOK = [{ name: 'book', arguments: { at: 'ten' } }]

it.each([
  ['spoke over its turn', [HI, assistant('One moment please, I am'), user('Is it done?')]],
  ['revised the wish', [user('I want to book, and soon')]],
])('a write that still runs when the caller %s is told of and done once', async (_, history) => {
  const server = await startPacedRooms()
  const first = await speaking(server, [HI], 'One moment please, I am booking. ')
  first.call.end(BOOK)
  await server.webhook.reached
  const asked = server.stream(history)
  const next = await server.model.received(2)
  expect(String(next.body.messages[0]?.content)).toContain(
    'Being done right now, not yet told to the caller: book({"at":"ten"})',
  )
  next.end(BOOK)
  server.webhook.release()
  const third = await server.model.received(3)
  expect(third.body.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: expect.stringContaining('booking-7') as string,
  })
  third.say('It is done.')
  third.end()
  expect((await (await asked).rest()).text).toBe('It is done.')
  expect(server.webhook.received).toHaveLength(1)
})

it('a call that is replayed is not sent to a platform that does not offer its tool any more', async () => {
  const server = await startPacedRooms()
  const asked = server.stream([HI], { tools: [platformTool('show_map')] })
  const call = await server.model.received()
  call.say('Here is a map.')
  ;(await asked).hangUp()
  await ended(server, 1)
  call.end([{ id: 'p1', name: 'show_map' }])
  const again = await (await server.stream([HI])).rest()
  expect(again).toMatchObject({ calls: [], text: 'Here is a map.', finish: 'stop', isDone: true })
})
