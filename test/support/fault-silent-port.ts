import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A port of 127.0.0.1 on which connections are neither accepted nor refused. */
export interface SilentPort {
  readonly port: number
  /** Frees the port. */
  readonly close: () => Promise<void>
}

/** Listens, and then never looks at its sockets any more. */
const LISTENER = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })
`
/** The kernel completes some connections by itself. */
const MAX_FILLING = 64
const PATIENCE_MS = 50

export async function openSilentPort(): Promise<SilentPort> {
  const worker = new Worker(LISTENER, { eval: true })
  const [port] = (await once(worker, 'message')) as [number] // what it posts
  const filling: Socket[] = []
  let isFull = false
  while (!isFull && filling.length < MAX_FILLING) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    filling.push(socket)
    isFull = !(await Promise.race([once(socket, 'connect'), sleep(PATIENCE_MS, null)]))
  }
  if (!isFull) throw new Error('the port takes any number of connections')
  return {
    port,
    async close() {
      for (const socket of filling) socket.destroy()
      await worker.terminate()
    },
  }
}
