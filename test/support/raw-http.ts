import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface RawConnection {
  readonly socket: Socket
  /** Everything that came so far. */
  received(): string
  /** Resolves once `text` has come; rejects when the connection ends before that. */
  until(text: string): Promise<void>
  /** Everything, once the other side has closed. */
  closed(): Promise<string>
}

/** A socket on which a test writes HTTP, or what is none, by hand. */
export async function rawHttp(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  let received = ''
  let isClosed = false
  socket.on('data', (bytes: Buffer) => (received += bytes.toString('utf8')))
  socket.on('error', () => undefined)
  socket.once('close', () => (isClosed = true))
  return {
    socket,
    received: () => received,
    until(text) {
      return new Promise((resolve, reject) => {
        // The tail only: looking through all that came, for each piece that comes, takes seconds.
        let tail = received
        const look = (bytes?: Buffer) => {
          tail = bytes ? tail.slice(-text.length) + bytes.toString('utf8') : tail
          if (tail.includes(text)) settle(resolve)
          else if (isClosed)
            settle(() => reject(new Error(`closed before ${text} came: ${received}`)))
        }
        const closed = () => look()
        const settle = (then: () => void) => {
          socket.off('data', look).off('close', closed)
          then()
        }
        socket.on('data', look).on('close', closed)
        look()
      })
    },
    async closed() {
      if (!isClosed) await once(socket, 'close')
      return received
    },
  }
}

/** A POST of JSON as bytes on the wire. */
export function postText(path: string, body: unknown, headers = ''): string {
  const text = JSON.stringify(body)
  return `POST ${path} HTTP/1.1\r\nhost: test\r\n${headers}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}
