import { expect, it, vi } from 'vitest'
import { postText, rawHttp } from '../../support/raw-http.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { user } from '../../support/wire-messages.ts'

const TALK = { starting_state: 'talk', states: { talk: {} } }
const PATH = '/v1/chat/completions'

/** One streamed request that never ends, and others behind it on the same connection. */
async function pipeline(others: number, limits: { readonly max_concurrent_turns: number }) {
  const server = await startTurnstate({ flow: TALK, config: { limits } })
  server.upstream.always({ say: 'Well, ', fault: 'stall' })
  const connection = await rawHttp(Number(new URL(server.url).port))
  const { socket } = connection
  const request = postText(PATH, { stream: true, messages: [user('Hi')] })
  socket.write(request.repeat(1 + others))
  await connection.until('Well')
  await server.upstream.received(1 + others)
  return { ...server, socket }
}

it('requests that wait behind another one give their places back when the connection breaks', async () => {
  const { socket, stream } = await pipeline(11, { max_concurrent_turns: 12 })
  expect((await stream([user('Is there room?')])).status).toBe(503)
  socket.resetAndDestroy()
  await vi.waitFor(
    async () => {
      const answer = await stream([user('Is there room?')])
      answer.hangUp()
      expect(answer.status).toBe(200)
    },
    { interval: 20, timeout: 10_000 },
  )
})

it('an answer that fills its buffer behind another one does not wait for ever', async () => {
  const server = await startTurnstate({
    flow: TALK,
    config: { routing: { turn_timeout_ms: 2000 } },
  })
  const long = 'word '.repeat(20_000)
  server.upstream.reply({ say: 'Well, ', fault: 'stall' }, { say: long, deltas: 50 })
  const connection = await rawHttp(Number(new URL(server.url).port))
  const request = postText(PATH, { stream: true, messages: [user('Hi')] })
  connection.socket.write(request.repeat(2))
  const { closed } = await server.upstream.received(2)
  connection.socket.resetAndDestroy()
  await closed
  await vi.waitFor(
    () => expect(server.logged.filter((message) => message === 'turn ended')).toHaveLength(2),
    { interval: 20, timeout: 10_000 },
  )
})

it('their model calls end as well', async () => {
  const { socket, upstream } = await pipeline(3, { max_concurrent_turns: 12 })
  socket.resetAndDestroy()
  for (const { closed } of upstream.requests) expect(await closed).toBe(true)
})
