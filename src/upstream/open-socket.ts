import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { TLSSocket, connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'

/** A silent other side is found out, however long the connection stands idle. */
const TCP_KEEP_ALIVE_MS = 30_000

export interface SocketOptions {
  readonly url: URL
  /** Offered over TLS; the other side chooses. */
  readonly http2: boolean
  /** What tests trust. */
  readonly tls?: Pick<ConnectionOptions, 'ca'> | undefined
}

/** Opens a TCP or TLS connection; calls back once unless the returned function was called before. */
export type OpenSocket = (onOpened: (result: Socket | Error) => void) => () => void

export function createSocketOpener(options: SocketOptions): OpenSocket {
  let session: Buffer | undefined
  return (onOpened) => {
    const socket = connectTo(options, session)
    const isSecure = socket instanceof TLSSocket
    if (isSecure) socket.on('session', (latest: Buffer) => (session = latest))
    socket.setNoDelay(true)
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)

    let isSettled = false
    const settle = (result: Socket | Error) => {
      if (isSettled) return
      isSettled = true
      onOpened(result)
    }
    // The listener stays: an error nobody listens to would end the process.
    socket.on('error', settle)
    socket.once(isSecure ? 'secureConnect' : 'connect', () => settle(socket))
    return () => {
      isSettled = true
      socket.destroy()
    }
  }
}

function connectTo({ url, http2, tls }: SocketOptions, session?: Buffer): Socket | TLSSocket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:') return connectTcp({ host, port: Number(url.port || 80) })
  return connectTls({
    ...tls,
    host,
    port: Number(url.port || 443),
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    session,
  })
}
