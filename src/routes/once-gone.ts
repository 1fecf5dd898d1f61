import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** One listener per connection: pipelined requests would each add theirs. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls back once the answer is over: flushed, or its connection gone. A pipelined answer that waits
 * for its turn has no socket, and never tells that the connection broke. Returns how to stop waiting.
 */
export function onceGone(response: ServerResponse, then: () => void): () => void {
  const { socket } = response.req
  const callbacks = waiting.get(socket) ?? listenTo(socket)
  const forget = () => {
    response.off('close', gone)
    callbacks.delete(gone)
  }
  const gone = () => {
    forget()
    then()
  }
  response.once('close', gone)
  callbacks.add(gone)
  if (response.destroyed || socket.destroyed) gone()
  return forget
}

function listenTo(socket: Socket): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(socket, callbacks)
  socket.once('close', () => {
    for (const gone of callbacks) gone()
  })
  return callbacks
}
