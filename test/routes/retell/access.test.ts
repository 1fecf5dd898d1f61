import { describe, expect, it } from 'vitest'
import { heldReply } from '../../support/gate.ts'
import { startRetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { dialLine } from '../../support/voice-line.ts'

const DESK = { starting_state: 'desk', states: { desk: { say: 'Garage desk.' } } }
const AUTH = {
  keys: [{ name: 'retell', secret: 'the-garage-key' }],
  signing_secret: 'a secret for the tests only',
}

const withKey = () => startTurnstate({ flow: DESK, config: { auth: AUTH } })
const from = async (retell: object) => {
  const { url } = await startTurnstate({ flow: DESK, config: { retell } })
  return (headers: Record<string, string> = {}) =>
    startRetellCall(url, { headers }).then(
      () => 'connected',
      (error: unknown) => (error instanceof Error ? error.message : 'refused'),
    )
}
const REFUSED = 'Unexpected server response: 401'

describe('a key of the URL', () => {
  it.each([
    ['missing', '', ''],
    ['wrong in the path', '/k/the-other-key', ''],
    ['wrong in the query', '', '?key=the-other-key'],
    ['a template that was not filled', '', '?key={{key}}'],
  ])('that is %s is refused before the upgrade', async (_, prefix, query) => {
    const { url } = await withKey()
    await expect(startRetellCall(url, { prefix, query })).rejects.toThrow(REFUSED)
  })

  it.each([
    ['/k/the-garage-key', ''],
    ['', '?key=the-garage-key'],
    ['/k/the-garage-key', '?tenant={{tenant_id}}'],
  ])('opens the line: %s%s', async (prefix, query) => {
    const { url } = await withKey()
    const call = await startRetellCall(url, { prefix, query })
    expect(await call.spoken(0)).toMatchObject({ text: 'Garage desk.' })
  })

  it('reaches neither the flow nor the log, and templates that were not filled are nothing', async () => {
    const { url, upstream } = await startTurnstate({
      flow: {
        starting_state: 'desk',
        states: { desk: { state_prompt: 'Of {{extra.query.town}} {{extra.query}}.' } },
      },
      config: { auth: AUTH },
    })
    upstream.reply({ say: 'Hello.' })
    const query = '?key=the-garage-key&town=Oslo&tenant={{tenant_id}}'
    const call = await startRetellCall(url, { query })
    call.details({ call_id: 'call-1' })
    await call.spoken(0)
    const [system] = (await upstream.received(1)).body.messages
    expect(system?.content).toBe('Of Oslo {"town":"Oslo"}.')
  })
})

describe('an allow-list of addresses', () => {
  it('lets in who is on it', async () => {
    expect(await (await from({ allow_addresses: ['127.0.0.0/8', '::1'] }))()).toBe('connected')
  })

  it('refuses everybody else before the upgrade', async () => {
    const dial = await from({ allow_addresses: ['100.20.5.228'] })
    expect(await dial()).toBe(REFUSED)
    expect(await dial({ 'x-forwarded-for': '100.20.5.228' })).toBe(REFUSED)
  })

  it('believes as many proxies as it is told to', async () => {
    const dial = await from({ allow_addresses: ['100.20.5.228'], trust_proxy_hops: 1 })
    expect(await dial({ 'x-forwarded-for': '1.2.3.4, 100.20.5.228' })).toBe('connected')
    expect(await dial({ 'x-forwarded-for': '100.20.5.228:4711' })).toBe('connected')
    expect(await dial({ 'x-forwarded-for': '100.20.5.228, 1.2.3.4' })).toBe(REFUSED)
    expect(await dial({ 'x-forwarded-for': 'unknown' })).toBe(REFUSED)
    expect(await dial()).toBe(REFUSED)
  })

  it('counts the proxies from the end', async () => {
    const dial = await from({ allow_addresses: ['100.20.5.0/24'], trust_proxy_hops: 2 })
    expect(await dial({ 'x-forwarded-for': '100.20.5.228, 10.0.0.1' })).toBe('connected')
    expect(await dial({ 'x-forwarded-for': '100.20.5.228, 9.9.9.9, 10.0.0.1' })).toBe(REFUSED)
    expect(await dial({ 'x-forwarded-for': '100.20.5.228' })).toBe(REFUSED)
  })
})

describe('a server that stops', () => {
  it('says what it is saying, and then breaks the line so that Retell dials again', async () => {
    const { url, upstream, stop } = await startTurnstate({ flow: DESK })
    const held = heldReply({ say: 'Nine o clock.' })
    upstream.reply(held.answer)
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.heard('Garage desk.')
    call.user('When?')
    const id = call.ask()
    await held.reached
    const stopped = stop(5000)
    held.release()
    expect(await call.spoken(id)).toMatchObject({ text: 'Nine o clock.' })
    expect(await call.line.closed).toMatchObject({ code: 1006 })
    await stopped
  })

  it('breaks a line on which nothing is said at once', async () => {
    const { url, stop } = await startTurnstate({ flow: DESK })
    const call = await startRetellCall(url)
    await call.spoken(0)
    await call.settled()
    const stopped = stop(5000)
    expect(await call.line.closed).toMatchObject({ code: 1006 })
    await stopped
  })

  it('does what it has said that it would do, and asks the model no more', async () => {
    const { url, upstream, stop } = await startTurnstate({
      flow: DESK,
      config: { retell: { actions: { press: { type: 'press_digit', digit: '1' } } } },
    })
    const held = heldReply({ say: 'Pressing one.', calls: [{ name: 'press' }] })
    upstream.reply(held.answer)
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.user('Press one')
    const id = call.ask()
    await held.reached
    const stopped = stop(5000)
    held.release()
    expect(await call.spoken(id)).toMatchObject({
      text: 'Pressing one.',
      last: { digit_to_press: '1' },
    })
    expect(await call.line.closed).toMatchObject({ code: 1006 })
    await stopped
    expect(upstream.requests).toHaveLength(1)
  })

  it('takes no new line', async () => {
    const { url, upstream, stop } = await startTurnstate({ flow: DESK })
    const held = heldReply({ say: 'Fine.' })
    upstream.reply(held.answer)
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.user('When?')
    const id = call.ask()
    await held.reached
    const stopped = stop(5000)
    await expect(dialLine(`${url}/llm-websocket/call-2`)).rejects.toThrow(/503|ECONNREFUSED/)
    held.release()
    await call.spoken(id)
    await stopped
  })
})
