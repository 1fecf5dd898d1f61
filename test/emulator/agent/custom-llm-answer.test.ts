import { describe, expect, it } from 'vitest'
import type { Reply } from '../../support/upstream-server.ts'
import { heldReply } from '../../support/gate.ts'
import { customLlmStage } from './custom-llm-stage.ts'

const SPOKEN = { say: 'Hello there.' }
const HANG: Reply = { fault: 'hang' }

describe('a whole answer', () => {
  it('is handed on as it comes, and given back with its calls', async () => {
    const { server, ask, heard, lines } = await customLlmStage({
      file: { system_tools: ['end_call'] },
    })
    server.reply({
      say: 'Bye now.',
      calls: [{ id: 'c1', name: 'end_call', arguments: { reason: 'done' } }],
    })
    const answer = await ask()
    expect(answer).toEqual({
      text: 'Bye now.',
      calls: [{ id: 'c1', name: 'end_call', arguments: '{"reason":"done"}' }],
    })
    expect(heard()).toBe('Bye now.')
    expect(lines).toEqual([
      expect.stringMatching(
        /^conv_1 {2}custom llm {2}try 1 of 3 {2}status 200 {2}first text \d+ ms {2}end \d+ ms {2}8 characters {2}calls end_call$/,
      ),
    ])
  })

  it('may be a call alone', async () => {
    const { server, ask, heard } = await customLlmStage({ file: { system_tools: ['skip_turn'] } })
    server.reply({ calls: [{ name: 'skip_turn' }] })
    expect((await ask()).calls).toHaveLength(1)
    expect([heard(), server.requests.length]).toEqual(['', 1])
  })

  it('that is odd is taken with a warning', async () => {
    const { server, ask, lines } = await customLlmStage({ file: { system_tools: ['end_call'] } })
    server.reply({ calls: [{ name: 'end_call' }, { name: 'made_up\u001b[31m' }] })
    await ask()
    expect(lines.slice(1)).toEqual([
      'conv_1  custom llm  warning: end_call was called without reason',
      'conv_1  custom llm  warning: a tool was called that the request did not offer',
    ])
    expect(lines[0]).toMatch(/calls end_call, \(not offered\)$/)
  })

  it('is heard before it is over', async () => {
    let tell: (text: string) => void = () => {}
    const firstText = new Promise<string>((resolve) => (tell = resolve))
    const { server, ask } = await customLlmStage({ onText: (text) => tell(text) })
    server.reply({ say: 'One two', fault: 'stall' })
    const caller = new AbortController()
    const answer = ask({}, caller.signal)
    expect(await firstText).toMatch(/^One /)
    caller.abort(new Error('the caller left'))
    await expect(answer).rejects.toThrow('the caller left')
  })
})

describe('an attempt that fails before the first token', () => {
  it.each<[string, Reply, string]>([
    ['an error status', { status: 500, body: '{}' }, 'status 500'],
    ['a refused key', { status: 401, body: '{}' }, 'status 401'],
    ['a redirect', { status: 302, headers: { location: '/v1' }, body: '' }, 'status 302'],
    ['an empty answer', {}, 'a stream that ended with neither text nor tool call'],
    ['a broken connection', { fault: 'reset' }, 'no connection'],
    ['JSON instead of a stream', { body: '{"choices":[]}' }, 'an answer that is no event stream'],
    [
      'an error event',
      { sse: 'data: {"error":"no"}\n\n' },
      'an error instead of words inside the stream',
    ],
  ])('with %s is made again, with the same body', async (_, reply, failure) => {
    const { server, ask, lines } = await customLlmStage()
    server.reply(reply, reply, SPOKEN)
    expect((await ask()).text).toBe('Hello there.')
    const [first, second, third] = server.requests.map(({ rawBody }) => rawBody)
    expect([second, third]).toEqual([first, first])
    expect(lines.map((line) => line.split('failed: ')[1])).toEqual([failure, failure, undefined])
  })

  it('three times is the end', async () => {
    const { server, ask, heard } = await customLlmStage()
    server.reply({ status: 503, body: '' }, {}, { status: 503, body: '' }, SPOKEN)
    await expect(ask()).rejects.toMatchObject({
      type: 'custom-llm-failure',
      errorType: 'custom_llm_error',
      reason: 'all 3 tries failed: status 503, a stream that ended with neither text nor tool call',
    })
    expect([heard(), server.requests.length]).toEqual(['', 3])
  })

  it('says nothing that an error status says', async () => {
    const { server, ask, heard } = await customLlmStage()
    const sse = 'data: {"choices":[{"index":0,"delta":{"content":"no"}}]}\n\n'
    server.always({ status: 500, body: sse, headers: { 'content-type': 'text/event-stream' } })
    await expect(ask()).rejects.toMatchObject({ reason: 'all 3 tries failed: status 500' })
    expect(heard()).toBe('')
  })
})

describe('an attempt without any text within the cascade timeout', () => {
  // Long enough for a loaded machine to answer what is to be answered.
  const timing = { cascadeTimeoutMs: 400 }

  it('is closed and made again', async () => {
    const { server, ask } = await customLlmStage({ timing })
    server.reply(HANG)
    server.always(SPOKEN)
    expect((await ask()).text).toBe('Hello there.')
    expect(await server.requests[0]?.closed).toBe(true)
  })

  it('is not saved by headers, a role and empty deltas', async () => {
    const { server, ask, lines } = await customLlmStage({ timing: { cascadeTimeoutMs: 40 } })
    server.always({ say: '', fault: 'stall' })
    await expect(ask()).rejects.toMatchObject({ errorType: 'custom_llm_error' })
    expect(lines).toHaveLength(3)
    expect(lines.every((line) => line.includes('failed: no '))).toBe(true)
  })

  it('can be left open, as some have seen it, until the answer is there', async () => {
    const file = { custom_llm: { on_retry: 'keep_open' } }
    const { server, ask, heard } = await customLlmStage({ file, timing })
    const held = heldReply({ say: 'Too late.' })
    let wasOpen: unknown
    server.reply(held.answer)
    server.always(async () => {
      wasOpen = await Promise.race([server.requests[0]?.closed, Promise.resolve('open')])
      held.release()
      return SPOKEN
    })
    expect((await ask()).text).toBe('Hello there.')
    expect([wasOpen, heard()]).toEqual(['open', 'Hello there.'])
    await server.requests[0]?.closed
  })

  it('left open is closed with the answer', async () => {
    const file = { custom_llm: { on_retry: 'keep_open' } }
    const { server, ask } = await customLlmStage({ file, timing })
    server.reply(HANG)
    server.always(SPOKEN)
    await ask()
    expect(await server.requests[0]?.closed).toBe(true)
  })
})

describe('an answer that breaks off', () => {
  const BROKEN = 'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'

  it.each<[string, Reply, string]>([
    [
      'with its connection',
      { say: 'Hello', fault: 'break' },
      'the connection broke in the middle of the stream',
    ],
    ['without [DONE]', { sse: BROKEN }, 'the stream ended without [DONE]'],
    [
      'with an error',
      { sse: `${BROKEN}data: {"error":"no"}\n\n` },
      'an error instead of words inside the stream',
    ],
    [
      'as too much',
      { sse: BROKEN.replace('Hello', 'Hello'.repeat(60_000)) },
      'more than anybody could say',
    ],
  ])('%s is not asked for again: its words are said', async (_, reply, failure) => {
    const { server, ask, heard } = await customLlmStage()
    server.reply(reply, SPOKEN)
    await expect(ask()).rejects.toMatchObject({
      errorType: 'custom_llm_error',
      reason: `${failure}, after words were said`,
    })
    expect([heard().slice(0, 5), server.requests.length]).toEqual(['Hello', 1])
  })
})

describe('the limit of all tries together', () => {
  it('ends an answer that stalls', async () => {
    const { server, ask } = await customLlmStage({ timing: { totalMs: 400 } })
    server.reply({ say: 'Hello', fault: 'stall' })
    await expect(ask()).rejects.toMatchObject({
      type: 'custom-llm-failure',
      errorType: 'llm_timeout',
      reason: 'the answer took over 0.4 seconds',
    })
    expect(await (await server.received()).closed).toBe(true)
  })

  it('ends the waiting for a first text too', async () => {
    const { server, ask } = await customLlmStage({ timing: { totalMs: 50 } })
    server.always(HANG)
    await expect(ask()).rejects.toMatchObject({ errorType: 'llm_timeout' })
    expect(server.requests.length).toBeLessThan(2)
  })
})

describe('a caller who hangs up', () => {
  it('ends the request, and it is not made again', async () => {
    const { server, ask, lines } = await customLlmStage()
    const held = heldReply(SPOKEN)
    server.always(held.answer)
    const caller = new AbortController()
    const reason = new Error('interrupted')
    const answer = ask({}, caller.signal)
    await held.reached
    caller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    expect(await server.requests[0]?.closed).toBe(true)
    expect([server.requests.length, lines]).toEqual([1, []])
    held.release()
  })

  it('before the start asks for nothing', async () => {
    const { server, ask } = await customLlmStage()
    await expect(ask({}, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
    expect(server.requests).toEqual([])
  })
})
