import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { codeOf, failure } from '../support/connected-upstream.ts'
import { upstreamPair } from '../support/upstream-pair.ts'

const at = upstreamPair()

describe('a caller who hangs up', () => {
  it('ends the request at once with the reason of the signal', async () => {
    at.server.reply({ say: 'Half a', fault: 'stall' })
    const call = new AbortController()
    const reason = new Error('hung up')
    const { completion } = at.client.run({ signal: call.signal, onText: () => call.abort(reason) })
    expect(await failure(completion)).toBe(reason)
    expect(await (await at.server.received()).closed).toBe(true)
    expect(at.client.lines).toEqual([])
    expect(at.client.upstream.isUsable()).toBe(true)
  })

  it('before the headers ends it too', async () => {
    at.server.reply({ fault: 'hang' })
    const call = new AbortController()
    const { completion } = at.client.run({ signal: call.signal })
    const request = await at.server.received()
    call.abort('gone')
    expect(await failure(completion)).toBe('gone')
    expect(await request.closed).toBe(true)
  })

  it('before the connection stands sends nothing', async () => {
    const call = new AbortController()
    const { completion } = at.client.run({ signal: call.signal })
    call.abort('gone')
    expect(await failure(completion)).toBe('gone')
    at.server.reply({ say: 'For another.' })
    await at.client.run().completion
    expect(at.server.requests).toHaveLength(1)
  })

  it('beforehand never asks', async () => {
    const { completion } = at.client.run({ signal: AbortSignal.abort('gone') })
    expect(await failure(completion)).toBe('gone')
    expect(at.server.requests).toHaveLength(0)
  })
})

describe('a listener that cannot take more', () => {
  it('pauses the upstream until it can', async () => {
    const word = 'word '.repeat(2000)
    at.server.reply({ say: word.repeat(100), deltas: 100 })
    let release: (() => void) | undefined
    let calls = 0
    const { texts, completion } = at.client.run({
      onText: () => {
        calls++
        if (calls > 1) return undefined
        return new Promise<void>((resolve) => {
          release = resolve
        })
      },
    })
    await expect.poll(() => release).toBeDefined()
    for (let tick = 0; tick < 50; tick++) await setImmediate()
    expect(calls).toBe(1)
    release?.()
    expect((await completion).text).toBe(word.repeat(100))
    expect(texts.join('')).toBe(word.repeat(100))
  })

  it('takes the last text before the answer is whole', async () => {
    at.server.reply({ say: 'Yes.' })
    const order: string[] = []
    const { completion } = at.client.run({
      onText: async () => {
        await setImmediate()
        order.push('taken')
      },
    })
    await completion.then(() => order.push('whole'))
    expect(order).toEqual(['taken', 'whole'])
  })

  it('is not the upstream being slow', async () => {
    await at.reconnect(at.server.url, { idleMs: 10 })
    at.server.reply({ say: 'Half', fault: 'stall' })
    let release: (() => void) | undefined
    const { completion } = at.client.run({
      onText: () =>
        new Promise<void>((resolve) => {
          release = resolve
        }),
    })
    const first = await Promise.race([
      failure(completion),
      new Promise((resolve) => setTimeout(resolve, 40, 'still waiting')),
    ])
    expect(first).toBe('still waiting')
    release?.()
    expect(await codeOf(completion)).toBe('upstream_timeout')
  })

  it('ends the request when it fails', async () => {
    at.server.reply({ say: 'Half', fault: 'stall' }, { say: 'Half', fault: 'stall' })
    const error = new Error('caller socket')
    const thrown = at.client.run({
      onText: () => {
        throw error
      },
    })
    expect(await failure(thrown.completion)).toBe(error)
    const rejected = at.client.run({ onText: () => Promise.reject(error) })
    expect(await failure(rejected.completion)).toBe(error)
    expect(await (await at.server.received(2)).closed).toBe(true)
  })
})
