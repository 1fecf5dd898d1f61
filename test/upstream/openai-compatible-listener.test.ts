import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startUpstreamServer } from '../support/upstream-server.ts'
import type { UpstreamServer } from '../support/upstream-server.ts'
import { codeOf, connectUpstream, failure } from '../support/connected-upstream.ts'

let server: UpstreamServer
let client: ReturnType<typeof connectUpstream>

async function reconnect(...to: Parameters<typeof connectUpstream>): Promise<void> {
  await client.upstream.close()
  client = connectUpstream(...to)
}

beforeEach(async () => {
  server = await startUpstreamServer()
  client = connectUpstream(server.url)
})

afterEach(async () => {
  await client.upstream.close()
  await server.close()
})

describe('a caller who hangs up', () => {
  it('ends the request at once with the reason of the signal', async () => {
    server.reply({ say: 'Half a', fault: 'stall' })
    const call = new AbortController()
    const reason = new Error('hung up')
    const { completion } = client.run({ signal: call.signal, onText: () => call.abort(reason) })
    expect(await failure(completion)).toBe(reason)
    expect(await (await server.received()).closed).toBe(true)
    expect(client.lines).toEqual([])
    expect(client.upstream.isUsable()).toBe(true)
  })

  it('before the headers ends it too', async () => {
    server.reply({ fault: 'hang' })
    const call = new AbortController()
    const { completion } = client.run({ signal: call.signal })
    const request = await server.received()
    call.abort('gone')
    expect(await failure(completion)).toBe('gone')
    expect(await request.closed).toBe(true)
  })

  it('before the connection stands sends nothing', async () => {
    const call = new AbortController()
    const { completion } = client.run({ signal: call.signal })
    call.abort('gone')
    expect(await failure(completion)).toBe('gone')
    server.reply({ say: 'For another.' })
    await client.run().completion
    expect(server.requests).toHaveLength(1)
  })

  it('beforehand never asks', async () => {
    const { completion } = client.run({ signal: AbortSignal.abort('gone') })
    expect(await failure(completion)).toBe('gone')
    expect(server.requests).toHaveLength(0)
  })
})

describe('a listener that cannot take more', () => {
  it('pauses the upstream until it can', async () => {
    const word = 'word '.repeat(2000)
    server.reply({ say: word.repeat(100), deltas: 100 })
    let release: (() => void) | undefined
    let calls = 0
    const { texts, completion } = client.run({
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
    server.reply({ say: 'Yes.' })
    const order: string[] = []
    const { completion } = client.run({
      onText: async () => {
        await setImmediate()
        order.push('taken')
      },
    })
    await completion.then(() => order.push('whole'))
    expect(order).toEqual(['taken', 'whole'])
  })

  it('is not the upstream being slow', async () => {
    await reconnect(server.url, { idleMs: 10 })
    server.reply({ say: 'Half', fault: 'stall' })
    let release: (() => void) | undefined
    const { completion } = client.run({
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
    server.reply({ say: 'Half', fault: 'stall' }, { say: 'Half', fault: 'stall' })
    const error = new Error('caller socket')
    const thrown = client.run({
      onText: () => {
        throw error
      },
    })
    expect(await failure(thrown.completion)).toBe(error)
    const rejected = client.run({ onText: () => Promise.reject(error) })
    expect(await failure(rejected.completion)).toBe(error)
    expect(await (await server.received(2)).closed).toBe(true)
  })
})
