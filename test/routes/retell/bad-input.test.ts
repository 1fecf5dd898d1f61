import { once } from 'node:events'
import { onTestFinished, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { AddressInfo } from 'node:net'
import { OutgoingFrame } from '../../../src/routes/retell/outgoing-frame.ts'
import { createFrameSender } from '../../../src/routes/sockets/frame-sender.ts'
import { fakeEngine } from '../../support/fake-engine.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { takeFrame } from '../../support/retell-frames.ts'
import { keepAlive, startRetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { dialLine } from '../../support/voice-line.ts'

const DESK = { starting_state: 'desk', states: { desk: { say: 'Garage desk.' } } }
const REQUEST = { interaction_type: 'response_required', response_id: 1, transcript: [] }

async function greeted() {
  const server = await startTurnstate({ flow: DESK })
  const call = await startRetellCall(server.url)
  await call.spoken(0)
  return { ...server, call }
}

describe('what Retell never sends', () => {
  it.each([
    ['text that is no JSON', '{"interaction_type":'],
    ['a list', '[]'],
    ['a binary frame', Buffer.from(JSON.stringify(REQUEST))],
    ['a number that is a text', { ...REQUEST, response_id: '1' }],
    ['a number that is a fraction', { ...REQUEST, response_id: 1.5 }],
    ['a negative number', { ...REQUEST, response_id: -1 }],
    ['no number', { ...REQUEST, response_id: undefined }],
    ['a transcript that is a text', { ...REQUEST, transcript: 'Hello' }],
    ['no transcript', { ...REQUEST, transcript: undefined }],
  ])('ends the line with 1007: %s', async (_, frame) => {
    const { call } = await greeted()
    call.line.send(frame)
    expect(await call.line.closed).toMatchObject({ code: 1007 })
  })

  it('names the field that is wrong to whoever reads the close frame', async () => {
    const { call } = await greeted()
    call.line.send({ ...REQUEST, response_id: 'one', transcript: 'none' })
    expect(await call.line.closed).toEqual({
      code: 1007,
      reason: 'wrong type of transcript, response_id',
    })
  })

  it.each([
    ['an unknown type', { interaction_type: 'dance' }],
    ['no type', { hello: 1 }],
    ['a call that is none', { interaction_type: 'call_details', call: 'x' }],
    ['an update without a transcript', { interaction_type: 'update_only' }],
    ['an update that is wrong', { interaction_type: 'update_only', transcript: 5 }],
    ['an unknown field', { interaction_type: 'update_only', transcript: [], timestamp: 1, x: {} }],
  ])('is borne: %s', async (_, frame) => {
    const { call, upstream } = await greeted()
    call.line.send(frame)
    upstream.reply({ say: 'Fine.' })
    expect(await call.exchange('Hello')).toMatchObject({ text: 'Fine.' })
  })

  it('is told to the log once for each type', async () => {
    const { call, logged } = await greeted()
    for (let count = 0; count < 5; count++) call.line.send({ interaction_type: 'dance' })
    call.line.send({ interaction_type: 'sing' })
    await call.settled()
    const lines = logged.filter((line) => line === 'frames of an unknown type are ignored')
    expect(lines).toHaveLength(2)
  })

  it('may stand among the items of a transcript', async () => {
    const { call, upstream } = await greeted()
    upstream.reply({ say: 'Fine.' })
    const transcript = [null, 5, { role: 7 }, { role: 'agent' }, { role: 'user', content: 'Hello' }]
    const id = call.ask({ transcript, transcript_with_tool_calls: null })
    expect(await call.spoken(id)).toMatchObject({ text: 'Fine.' })
    expect((await upstream.received(1)).body.messages).toEqual([{ role: 'user', content: 'Hello' }])
  })

  it('is a call of no end: only what it is known by is kept of it', async () => {
    const { url, upstream } = await startTurnstate({
      flow: {
        starting_state: 'desk',
        variables: { from_number: {} },
        states: { desk: { state_prompt: '{{from_number}} {{extra.call.metadata}}' } },
      },
    })
    upstream.reply({ say: 'Hello.' })
    const call = await startRetellCall(url)
    call.details({ from_number: '+4712345678', metadata: 'x'.repeat(100_000) })
    await call.spoken(0)
    expect((await upstream.received(1)).body.messages[0]?.content).toBe('+4712345678')
  })

  it('is a call that is nested without end', async () => {
    const { call } = await greeted()
    const depth = 200_000
    call.line.send(
      `{"interaction_type":"call_details","call":{"metadata":${'['.repeat(depth)}${']'.repeat(depth)}}}`,
    )
    await call.settled()
  })
})

describe('a transcript', () => {
  it('may be huge', async () => {
    const { call, upstream } = await greeted()
    for (let count = 0; count < 3000; count++) {
      call.user(`Question number ${count} about tyres`)
      call.heard(`Answer number ${count} about tyres`)
    }
    upstream.reply({ say: 'Fine.' })
    expect(await call.exchange('The last one')).toMatchObject({ text: 'Fine.' })
  })

  it('that is larger than any frame may be ends the line with 1009', async () => {
    const { url } = await startTurnstate({
      flow: DESK,
      config: { limits: { max_body_bytes: 100_000 } },
    })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.line.send({ ...REQUEST, transcript: [{ role: 'user', content: 'x'.repeat(200_000) }] })
    expect(await call.line.closed).toMatchObject({ code: 1009 })
  })
})

describe('a connection', () => {
  it('on which nothing is said is closed', async () => {
    const { url } = await listeningApp({ timeouts: { firstFrameMs: 30 } })
    const line = await dialLine(`${url}/llm-websocket/call-1`)
    expect(await line.closed).toMatchObject({ code: 1008 })
  })

  it('that reads nothing is dropped, and its turn ends', async () => {
    let said = 0
    const told: { end?: () => void } = {}
    const ended = new Promise<void>((resolve) => (told.end = resolve))
    const engine = fakeEngine({
      async run(listener) {
        while (!listener.signal.aborted) {
          said += 1
          await listener.onEvent({ type: 'text-delta', text: 'x'.repeat(100_000) })
          if (said > 10_000) throw new Error('nobody stops it')
        }
        told.end?.()
        throw new Error('gone')
      },
    })
    const { url } = await listeningApp({ engine, timeouts: { drainMs: 50 } })
    const line = await dialLine(`${url}/llm-websocket/call-1`)
    line.socket.pause()
    line.send(REQUEST)
    await ended
    expect(said).toBeLessThan(10_000)
  })

  it('answers each ping at once, with its own time', async () => {
    const { url } = await startTurnstate({ flow: DESK })
    const dial = () => dialLine(`${url}/llm-websocket/call-1`)
    expect(await keepAlive(dial, { pings: 20, withinMs: 5000 })).toEqual({
      outcome: 'alive',
      dials: 1,
    })
  })
})

describe('the simulator of these tests', () => {
  it('gives a server up that leaves pings unanswered, after two more connections', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => {
      for (const client of server.clients) client.terminate()
      server.close()
    })
    await once(server, 'listening')
    server.on('connection', (socket) => {
      socket.send(JSON.stringify({ response_type: 'config', config: { auto_reconnect: true } }))
    })
    const { port } = server.address() as AddressInfo // listens on TCP
    const dial = () => dialLine(`ws://127.0.0.1:${port}/`)
    expect(await keepAlive(dial, { pings: 1, withinMs: 30 })).toEqual({
      outcome: 'error_llm_websocket_lost_connection',
      dials: 3,
    })
  })

  it.each([
    { response_type: 'response', response_id: 1, content: 'x', content_complete: 'true' },
    { response_type: 'response', response_id: '1', content: 'x', content_complete: true },
    { response_type: 'response', response_id: 1, content: null, content_complete: true },
    { response_type: 'response', response_id: 1, content: 'x', content_complete: true, extra: 1 },
    { response_type: 'tool_call_invocation', tool_call_id: '1', name: 'x', arguments: {} },
    { response_type: 'update_agent', agent_config: { responsiveness: 2 } },
    { response_type: 'ping_pong' },
    { response_type: 'dance' },
    {
      response_type: 'response',
      response_id: 1,
      content: 'x',
      content_complete: false,
      end_call: true,
    },
    {
      response_type: 'response',
      response_id: 1,
      content: 'x',
      content_complete: true,
      end_call: true,
      digit_to_press: '1',
    },
  ])('sees what Retell would drop: %j', (frame) =>
    expect(takeFrame(frame)).toMatchObject({ ok: false }),
  )
})

describe('a frame of the server that does not fit', () => {
  it('is not sent, and is told to the log', () => {
    const sent: object[] = []
    const lines: unknown[] = []
    const note = (values: object, message: string) => void lines.push([values, message])
    const send = createFrameSender(OutgoingFrame, {
      socket: { send: (frame) => void sent.push(frame) },
      platform: 'retell',
      log: { debug: note, info: note, warn: note, error: note },
    })
    void send({ response_type: 'ping_pong', timestamp: 1 })
    const wrong: unknown = { response_type: 'update_agent', agent_config: { responsiveness: 2 } }
    void send(wrong as OutgoingFrame) // what no type lets through
    expect(sent).toEqual([{ response_type: 'ping_pong', timestamp: 1 }])
    expect(lines).toEqual([
      [
        { platform: 'retell', at: ['agent_config.responsiveness'] },
        'a frame is not fit to be sent',
      ],
    ])
  })
})
