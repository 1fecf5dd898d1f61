import { describe, expect, it, onTestFinished } from 'vitest'
import { createLog } from '../src/observability/log.ts'
import { createService } from '../src/service.ts'
import { freePort } from './support/free-port.ts'
import { configOf, MINIMAL, parse } from './support/parse-config.ts'
import { describeWithRedis, startRedis } from './support/redis-server.ts'

const LONG_MS = 20_000

function startService(store: string) {
  const config = configOf(parse(`${MINIMAL}store: ${store}\n`))
  const service = createService({ config, log: createLog('silent'), openApiText: '' })
  onTestFinished(() => service.close(0))
  const ready = async () => (await service.app.server.inject('/readyz')).json<object>()
  return { ...service, ready }
}

describe('a start', () => {
  it('waits for nothing without a shared store', async () => {
    await startService('{ type: memory }').connected(LONG_MS)
  })

  it('waits no longer than it is told for a Redis that is not there', async () => {
    const port = await freePort()
    const { connected, ready } = startService(`{ type: redis, url: 'redis://127.0.0.1:${port}' }`)
    await connected(20)
    expect(await ready()).toMatchObject({ status: 'not_ready', store: 'unreachable' })
  })
})

describeWithRedis('a start with Redis', (redis) => {
  it('waits until it answers', async () => {
    const { connected, ready } = startService(`{ type: redis, url: '${redis().url}' }`)
    expect(await ready()).toMatchObject({ store: 'unreachable' })
    await connected(LONG_MS)
    expect(await ready()).toMatchObject({ status: 'ready', store: 'ok' })
    await connected(LONG_MS)
  })

  it('waits on where it could not be reached at first', async () => {
    const late = await startRedis()
    onTestFinished(() => late.dispose())
    await late.stop()
    const { connected, ready } = startService(`{ type: redis, url: '${late.url}' }`)
    const isConnected = connected(LONG_MS)
    await late.start()
    await isConnected
    expect(await ready()).toMatchObject({ status: 'ready', store: 'ok' })
  })
})
