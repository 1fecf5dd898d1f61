import { describe, expect, it } from 'vitest'
import { ended, speaking, streamAs } from '../support/paced-model.ts'
import { startPacedRooms } from '../support/rooms-flow.ts'
import { startTurnstate } from '../support/turnstate.ts'
import { platformTool, user } from '../support/wire-messages.ts'

const HI = user('I want to book')
const BOOK = [{ name: 'book', arguments: { at: 'ten' } }]
const TALK = { starting_state: 'talk', states: { talk: {} } }

describe('a turn that outlives its callers', () => {
  it('counts among those that run at once', async () => {
    const config = { limits: { max_concurrent_turns: 2 } }
    const { upstream, url } = await startTurnstate({ flow: TALK, config })
    upstream.always({ say: 'Well, ', fault: 'stall' })
    for (const key of ['call-a', 'call-b']) {
      const answer = await streamAs({ url }, [HI], { 'x-conversation-id': key })
      await answer.hear('Well,')
      answer.hangUp()
    }
    const third = await streamAs({ url }, [HI], { 'x-conversation-id': 'call-c' })
    expect(third.status).toBe(503)
    expect(upstream.requests).toHaveLength(2)
  })

  it('is waited for by a stop, when it changes something', async () => {
    const server = await startPacedRooms()
    const first = await speaking(server, [HI], 'One moment please. ')
    first.call.end(BOOK)
    await server.webhook.reached
    first.answer.hangUp()
    let hasStopped = false
    const stopped = server.stop(10_000).then(() => (hasStopped = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(hasStopped).toBe(false)
    server.webhook.release()
    const call = await server.model.received(2)
    expect(JSON.stringify(call.body.messages)).toContain('booking-7')
    call.end()
    await stopped
  })

  it.each(['none', 'memory'])('ends its writes well with a store of type %s', async (type) => {
    const server = await startPacedRooms({ store: { type } })
    const first = await speaking(server, [HI], 'One moment please. ')
    first.call.end(BOOK)
    await server.webhook.reached
    first.answer.hangUp()
    server.webhook.release()
    expect(await server.webhook.answered).toBe(true)
  })
})

it('what a replay left out was not delivered: it goes out once its tool is offered again', async () => {
  const server = await startPacedRooms()
  const tools = [platformTool('transfer')]
  const asked = server.stream([HI], { tools })
  const call = await server.model.received()
  call.say('I put you through.')
  ;(await asked).hangUp()
  await ended(server, 1)
  call.end([{ id: 'p1', name: 'transfer' }])
  expect((await (await server.stream([HI])).rest()).calls).toEqual([])
  const again = await server.stream([HI], { tools })
  expect(again.headers.get('x-turnstate-kind')).toBe('retry')
  expect((await again.rest()).calls).toEqual([{ id: 'p1', name: 'transfer' }])
  expect(server.model.calls).toHaveLength(1)
})
