import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/*
 * A model on a socket of its own, without an HTTP library: it shares its core with the load, and both
 * together must cost less than the server that is measured.
 */

/** One request that the model is asked to answer. */
export interface ModelCall {
  /** The path, which tells one endpoint from another. */
  readonly path: string
  readonly body: Buffer
  /** Bytes of the answer, as they are. */
  readonly send: (bytes: string) => void
  /** Breaks the connection off. */
  readonly destroy: () => void
  /** Called when the connection is gone before the answer was ended. */
  readonly onGone: (listener: () => void) => void
  /** The answer is whole: the connection may carry the next one. */
  readonly end: () => void
}

export interface Model {
  readonly port: number
  /** Who answers from now on. */
  readonly play: (answer: (call: ModelCall) => void) => void
  readonly close: () => Promise<void>
}

const HEAD_END = Buffer.from('\r\n\r\n')

export async function startModel(): Promise<Model> {
  let answer: (call: ModelCall) => void = () => undefined
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, (call) => answer(call))
  })
  server.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return {
    port,
    play: (next) => (answer = next),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function serve(socket: Socket, answer: (call: ModelCall) => void): void {
  let received: Buffer = Buffer.alloc(0)
  let gone: () => void = () => undefined
  socket.on('error', () => undefined)
  socket.on('close', () => gone())
  socket.on('data', (bytes) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
    const headEnd = received.indexOf(HEAD_END)
    if (headEnd < 0) return
    const head = received.toString('latin1', 0, headEnd)
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    const bodyAt = headEnd + HEAD_END.length
    if (received.length < bodyAt + length) return
    const body = received.subarray(bodyAt, bodyAt + length)
    received = received.subarray(bodyAt + length)
    answer({
      path: head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/')),
      body,
      send: (bytes) => void socket.write(bytes, 'latin1'),
      destroy: () => void socket.destroy(),
      onGone: (listener) => (gone = listener),
      end: () => (gone = () => undefined),
    })
  })
}
