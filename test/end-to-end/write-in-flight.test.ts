import { expect, it } from 'vitest'
import { startHeldWebhook } from '../support/held-webhook.ts'
import { ended, speaking, startPacedTurnstate } from '../support/paced-model.ts'
import { startPacedRooms } from '../support/rooms-flow.ts'
import { assistant, platformTool, user } from '../support/wire-messages.ts'

const HI = user('I want to book')
const BOOK = [{ name: 'book', arguments: { at: 'ten' } }]

it('a write that still runs when the caller revises the wish is told of, and done once', async () => {
  const server = await startPacedRooms()
  const first = await speaking(server, [HI], 'One moment please, I am booking. ')
  first.call.end(BOOK)
  await server.webhook.reached
  const asked = server.stream([user('I want to book, and soon')])
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

/** A booking that is under way when the caller speaks over the reply; it leads to `done`. */
async function startSpokenOver(done: object) {
  const webhook = await startHeldWebhook({ id: 'booking-7' })
  const edges = [{ to: 'done', when: { type: 'result', tool: 'book', status: 'ok' } }]
  const server = await startPacedTurnstate({
    flow: {
      starting_state: 'desk',
      general_tools: ['book'],
      states: { desk: { edges }, done },
    },
    tools: { book: { type: 'webhook', url: `${webhook.url}/bookings`, commit: 'immediate' } },
    config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
  })
  const first = await speaking(server, [HI], 'One moment please, I am booking. ')
  first.call.end(BOOK)
  await webhook.reached
  const history = [HI, assistant('One moment please, I am'), user('Is it done?')]
  const asked = server.stream(history)
  // The request before has ended by then; its write has not.
  expect((await first.answer.rest()).isDone).toBe(true)
  expect(server.model.calls).toHaveLength(1)
  return { ...server, webhook, history, asked }
}

it('a write of a turn that the caller speaks over is waited for, and moves the flow', async () => {
  const server = await startSpokenOver({ state_prompt: 'It is booked.' })
  const { webhook, history, asked } = server
  webhook.release()
  const next = await server.model.received(2)
  expect(String(next.body.messages[0]?.content)).toContain('It is booked.')
  expect(JSON.stringify(next.body.messages)).toContain('booking-7')
  next.say('Yes.')
  next.end()
  await (await asked).rest()
  const later = [...history, assistant('Yes.'), user('Thanks.')]
  expect(await server.derive(later)).toMatchObject({ state: 'done', exchange: 3 })
  expect(webhook.received).toHaveLength(1)
})

it('what a state has to say is said by the turn that waited for the write which led there', async () => {
  const { webhook, model, asked } = await startSpokenOver({ say: 'It is booked now.' })
  webhook.release()
  expect((await (await asked).rest()).text).toBe('It is booked now.')
  expect(model.calls).toHaveLength(1)
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
