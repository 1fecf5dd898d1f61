import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { connectionLost } from './connection.ts'
import type { Connection, ConnectionListener } from './connection.ts'
import { createHttp1Connection } from './http1-connection.ts'
import { MAX_STREAMS, createHttp2Connection } from './http2-connection.ts'
import { createSocketOpener } from './open-socket.ts'
import type { SocketOptions } from './open-socket.ts'

interface ConnectionOptions extends SocketOptions {
  /** For all of it: name, TCP, TLS, the settings of HTTP/2. */
  readonly timeoutMs: number
}

type Opened = (result: Connection | Error) => void

export interface ConnectionOpener {
  /** Calls back once unless the returned function was called before. */
  open(listener: ConnectionListener, onOpened: Opened): () => void
  /** How many requests a connection will probably take at once. */
  expectedRoom(): number
}

/** Opens connections to one endpoint, in the protocol that it speaks. */
export function createConnectionOpener(options: ConnectionOptions): ConnectionOpener {
  const { url, timeoutMs } = options
  const openSocket = createSocketOpener(options)
  let speaksHttp2 = options.http2

  function open(listener: ConnectionListener, onOpened: Opened): () => void {
    let connection: Connection | undefined
    let isSettled = false

    function settle(result: Connection | Error): void {
      if (isSettled) return
      if (result instanceof Error) cancel()
      isSettled = true
      clearTimeout(timer)
      onOpened(result)
    }

    function cancel(): void {
      isSettled = true
      clearTimeout(timer)
      closeSocket()
      connection?.close(connectionLost())
    }

    function greet(socket: Socket): void {
      if (socket instanceof TLSSocket) speaksHttp2 = socket.alpnProtocol === 'h2'
      if (!speaksHttp2) {
        settle(createHttp1Connection(socket, url.origin, listener))
        return
      }
      const { onFree, onGone } = listener
      const opened = createHttp2Connection(socket, url.origin, {
        onReady: () => settle(opened.room() > 0 ? opened : connectionLost()),
        onFree,
        onGone: () => (isSettled ? onGone() : settle(connectionLost())),
      })
      connection = opened
    }

    const timer = setTimeout(() => settle(new Error('connecting took too long')), timeoutMs)
    const closeSocket = openSocket((result) => {
      if (result instanceof Error) settle(result)
      else greet(result)
    })
    return cancel
  }

  return { open, expectedRoom: () => (speaksHttp2 ? MAX_STREAMS : 1) }
}
