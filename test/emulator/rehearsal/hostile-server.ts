import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

interface Exchange {
  readonly socket: Socket
  /** The whole request: its head and its body. */
  readonly request: string
}

/**
 * A server that reads one request of each connection and then does to the bare socket what it likes; it may
 * return a function that stops it once the other side has gone.
 */
export async function startHostileServer(
  answer: (exchange: Exchange) => (() => void) | undefined,
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined) // the other side hangs up as it likes
    socket.once('close', () => sockets.delete(socket))
    let request = ''
    const read = (bytes: Buffer) => {
      request += bytes.toString('latin1')
      if (!isWhole(request)) return
      socket.off('data', read).resume()
      const stop = answer({ socket, request })
      if (stop) socket.once('close', stop)
    }
    socket.on('data', read)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  return `http://127.0.0.1:${port}/v1`
}

function isWhole(request: string): boolean {
  const end = request.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(request)?.[1] ?? '0'
  return end !== -1 && request.length >= end + 4 + Number(length)
}

/** The head of an event stream that ends with its connection. */
export function streamHead(headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ 'content-type': 'text/event-stream', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return `HTTP/1.1 200 OK\r\nconnection: close\r\n${lines.join('')}\r\n`
}

export function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

export function delta(value: object): string {
  return event({ choices: [{ index: 0, delta: value, finish_reason: null }] })
}

/** The end of a stream that is whole. */
export const END = `${event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}data: [DONE]\n\n`

/** What a model that follows the rehearsal says to the first question of a call. */
export function wordsFor(request: string): string {
  return `Alright: ${/(?:just|Please) say (\w+)/.exec(request)?.[1] ?? 'hello there'}.`
}

/** Writes for as long as the other side reads; returns what stops it. */
export function flood(socket: Socket, nextPiece: () => string): () => void {
  let isOver = false
  const go = () => {
    while (!isOver && socket.write(nextPiece())) continue
  }
  socket.on('drain', go)
  go()
  return () => (isOver = true)
}

export function every(milliseconds: number, act: () => void): () => void {
  const timer = setInterval(act, milliseconds)
  return () => {
    clearInterval(timer)
  }
}
