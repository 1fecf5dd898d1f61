import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** An upgrade that one of the routes may take, or refuse as it refuses any request. */
export interface Upgrade {
  readonly socket: Socket
  /** What came behind the request already. */
  readonly head: Buffer
  /** Where a refusal goes. */
  readonly response: ServerResponse
}

/** For a client that still sends: it would lose the refusal to a reset. */
const LINGER_MS = 1000

/**
 * The requests of a server that upgrades to WebSockets on some paths and to nothing else. Once
 * somebody listens for upgrades, Node hands over every request that offers one, as if it were no
 * HTTP any more; but curl and Java's client offer h2c with ordinary requests.
 */
export function requestsWithUpgrades(
  isSocketPath: (url: string) => boolean,
): typeof IncomingMessage {
  const offers = new WeakSet<IncomingMessage>()
  // Node reads and writes `upgrade` while it decides; `shouldUpgradeCallback` is new in Node 24.
  return class extends IncomingMessage {
    get upgrade(): boolean {
      return offers.has(this) && (this.method === 'CONNECT' || isSocketRequest(this, isSocketPath))
    }
    set upgrade(isOffered: boolean | null) {
      if (isOffered) offers.add(this)
      else offers.delete(this)
    }
  }
}

function isSocketRequest(
  { method, headers, url = '' }: IncomingMessage,
  isSocketPath: (url: string) => boolean,
): boolean {
  const protocol = headers.upgrade?.toLowerCase()
  return method === 'GET' && protocol === 'websocket' && isSocketPath(url)
}

/**
 * Leads upgrades to the routes of their paths. Returns how a route takes one, once; null if the
 * request offers none.
 */
export function routeUpgrades(app: FastifyInstance): (request: IncomingMessage) => Upgrade | null {
  const offered = new WeakMap<IncomingMessage, Upgrade>()
  // The connections of an HTTP server are sockets.
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Node no longer listens for errors here, and the WebSocket does not yet.
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.once('finish', () => endGently(socket))
    try {
      response.assignSocket(socket)
    } catch {
      // An earlier request on this connection is still being answered: no client does that.
      socket.destroy()
      return
    }
    offered.set(request, { socket, head, response })
    app.routing(request, response)
  })
  return (request) => {
    const upgrade = offered.get(request) ?? null
    offered.delete(request)
    return upgrade
  }
}

function endGently(socket: Socket): void {
  const limit = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(limit))
  socket.resume().end()
}
