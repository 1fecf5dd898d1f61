import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Takes only WebSocket upgrades of known paths. Once somebody listens for upgrades, Node hands over
 * every request that offers one, and some HTTP clients offer h2c with their first request: those go
 * back to the server as the plain requests that they are.
 */
export function takeUpgrades(
  server: Server,
  isSocketPath: (request: IncomingMessage) => boolean,
): EventEmitter {
  const taken = new EventEmitter()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    if (isWebSocket && request.method === 'GET' && isSocketPath(request)) {
      taken.emit('upgrade', request, socket, head)
    } else {
      socket.unshift(Buffer.concat([withoutUpgrade(request), head]))
      server.emit('connection', socket)
    }
  })
  return taken
}

const DROPPED = new Set(['upgrade', 'connection', 'http2-settings'])

/** The head of the request as it came, without the offer. */
function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method ?? 'GET'} ${url ?? '/'} HTTP/${httpVersion}`]
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (!DROPPED.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1] ?? ''}`)
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
