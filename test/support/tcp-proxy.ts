import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from './loopback-server.ts'

type Mode = 'forward' | 'refuse' | 'mute'

/** Stands between a client and a server of 127.0.0.1, and can part them. */
interface TcpProxy {
  readonly port: number
  /** How many connections it has accepted. */
  accepted(): number
  /** How many of them its clients have open now. */
  open(): number
  /** All connections break, and so does every new one. */
  cut(): void
  /** Nothing comes through in either direction any more; all connections stay, and stay mute for good. */
  mute(): void
  /** New connections come through again. */
  restore(): void
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let mode: Mode = 'forward'
  let mutings = 0
  let accepted = 0
  let open = 0

  function track(socket: Socket): Socket {
    sockets.add(socket)
    // Ends of connections are what it is for.
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  const server = createServer((client) => {
    accepted += 1
    open += 1
    track(client).on('close', () => (open -= 1))
    if (mode === 'refuse') client.destroy()
    else client.resume()
    if (mode !== 'forward') return
    const target = track(connect(targetPort, '127.0.0.1'))
    const since = mutings
    target.on('data', (data) => since === mutings && client.write(data))
    client.on('data', (data) => since === mutings && target.write(data))
    client.on('close', () => target.destroy())
    target.on('close', () => client.destroy())
  })
  const destroyAll = () => sockets.forEach((socket) => socket.destroy())
  const port = await listenOnLoopback(server)
  onTestFinished(() => {
    destroyAll()
    server.close()
  })
  return {
    port,
    accepted: () => accepted,
    open: () => open,
    cut() {
      mode = 'refuse'
      destroyAll()
    },
    mute() {
      mode = 'mute'
      mutings += 1
    },
    restore: () => void (mode = 'forward'),
  }
}
