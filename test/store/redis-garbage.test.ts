import { inspect } from 'node:util'
import { createClient, ErrorReply } from '@redis/client'
import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createRedisCommands } from '../../src/store/redis-commands.ts'
import { createRedisKeys } from '../../src/store/redis-keys.ts'
import type { SharedStore, StoredRecord } from '../../src/store/shared-store.ts'
import { listenOnLoopback } from '../support/loopback-server.ts'
import { recordingLog } from '../support/mcp-bench.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import { openStore, startStore, uniquePrefix } from '../support/redis-stores.ts'

const RETAIN = { retainMs: 60_000 }
const POLL = { interval: 5, timeout: 10_000 }
const isUnavailable = { code: 'store_unavailable' }

describeWithRedis('what somebody else wrote to the same Redis', (redis) => {
  async function openBoth() {
    const prefix = uniquePrefix()
    const { store } = await openStore({ url: redis().url, prefix, limits: { heartbeatMs: 20 } })
    const admin = createClient({ url: redis().url })
    await admin.connect()
    onTestFinished(() => admin.destroy())
    return { store, admin, prefix, keys: createRedisKeys(prefix) }
  }

  async function read(store: SharedStore, known = -1): Promise<StoredRecord> {
    const record = await store.readRecord('r', known)
    if (record === 'unchanged') throw new Error('it is to be read anew')
    return record
  }

  it.each(['garbage', '', 'nan', '-inf', '1.5x'])(
    'in the place of the pulse is passed over, and written over: %j',
    async (garbage) => {
      const { store, admin, keys } = await openBoth()
      await admin.set(keys.pulse, garbage)
      expect(typeof (await store.isAlive('somebody'))).toBe('boolean')
      await vi.waitFor(async () => expect(await admin.get(keys.pulse)).toMatch(/^\d{13}$/), POLL)
      expect(store.isUp()).toBe(true)
    },
  )

  it('in the place of the pulse may even be a list', async () => {
    const { store, admin, keys } = await openBoth()
    await admin.multi().del(keys.pulse).lPush(keys.pulse, 'x').exec()
    expect(typeof (await store.isAlive('somebody'))).toBe('boolean')
    await vi.waitFor(async () => expect(await admin.type(keys.pulse)).toBe('string'), POLL)
    expect(store.isUp()).toBe(true)
  })

  it.each(['garbage', '', '-5', '007', '1e3', '9007199254740993', '9'.repeat(30)])(
    'in the place of a revision makes the record one that is read anew and written again: %j',
    async (garbage) => {
      const { store, admin, keys } = await openBoth()
      const first = Number(await store.writeRecord('r', { set: { a: '1' }, ...RETAIN }))
      await admin.hSet(keys.record('r'), 'r', garbage)
      const { revision, fields } = await read(store, first)
      expect(fields).toEqual({ a: '1' })
      expect(await read(store, revision)).toEqual({ revision, fields })
      const change = { set: { a: '2' }, ifRevision: revision, ...RETAIN }
      const second = await store.writeRecord('r', change)
      expect(second).toBeGreaterThan(first)
      expect(await store.writeRecord('r', change)).toBe('conflict')
      expect(await read(store)).toEqual({ revision: second, fields: { a: '2' } })
      expect(await store.readRecord('r', Number(second))).toBe('unchanged')
    },
  )

  it('in the place of a revision is written over by one who asks for none', async () => {
    const { store, admin, keys } = await openBoth()
    await admin.hSet(keys.record('r'), 'r', 'garbage')
    const revision = await store.writeRecord('r', { set: { a: '1' }, ...RETAIN })
    expect(await read(store)).toEqual({ revision, fields: { a: '1' } })
  })
})

/** Something that speaks the protocol of Redis and says the same to everything. */
async function startNonsense(reply: string) {
  const sockets = new Set<Socket>()
  let beats = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      const text = data.toString('latin1')
      const commands = text.match(/^\*\d+\r$/gm)?.length ?? 0
      beats += text.match(/^EVAL\r$/gm)?.length ?? 0
      socket.write(reply.repeat(commands))
    })
  })
  const port = await listenOnLoopback(server)
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `redis://127.0.0.1:${port}`, beats: () => beats }
}

it.each(['+OK\r\n', '$4\r\n12.5\r\n', ':0\r\n', '*0\r\n', '_\r\n', '$-1\r\n'])(
  'a server that answers a sign of life with nonsense is not up: %j',
  async (reply) => {
    const { url, beats } = await startNonsense(reply)
    const { store, lines } = startStore({ url, limits: { heartbeatMs: 20 } })
    // The next one is sent once the one before was answered.
    await vi.waitUntil(() => beats() > 3, POLL)
    expect(lines.map(({ message }) => message)).toEqual(['store unavailable'])
    expect(store.isUp()).toBe(false)
    expect(Math.abs(store.now() - Date.now())).toBeLessThan(1000)
  },
)

it('a reply that cannot be read is a store that cannot be reached', async () => {
  const { store } = startStore({ url: (await startNonsense('+OK\r\n')).url })
  await vi.waitFor(async () => {
    for (const use of [
      () => store.readRecord('r', 0),
      () => store.writeRecord('r', { set: {}, ...RETAIN }),
      () => store.claim('c', RETAIN),
      () => store.readClaim('c'),
      () => store.isAlive('somebody'),
      () => store.takeDue({ limit: 1, leaseMs: 1000 }),
    ]) {
      const error: unknown = await use().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ ...isUnavailable, cause: { code: 'unexpected_reply' } })
    }
  }, POLL)
})

it('what Redis says of an error is not passed on, as it may quote what it was sent', async () => {
  const cause = new ErrorReply("ERR unknown command, with args beginning with: 'secret words'")
  const { log, lines } = recordingLog()
  const commands = createRedisCommands({
    connection: {
      send: async () => ({ failure: { kind: 'refused', reason: 'ERR', cause } }),
      probe: async () => ({ reply: null }),
      close: () => undefined,
    },
    onRefused: () => undefined,
    log,
  })
  const error: unknown = await commands.command('GET', 'k').catch((reason: unknown) => reason)
  expect(error).toMatchObject({ ...isUnavailable, cause: { code: 'ERR' } })
  expect(inspect([error, lines], { depth: 9 })).not.toContain('secret')
})
