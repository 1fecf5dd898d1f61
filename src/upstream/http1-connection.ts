import type { Socket } from 'node:net'
import { Client } from 'undici'
import type { Dispatcher } from 'undici'
import { connectionLost } from './connection.ts'
import type {
  Connection,
  ConnectionListener,
  Exchange,
  ResponseHead,
  ResponseSink,
  WireRequest,
} from './connection.ts'

/** Turns of one call lie seconds apart. A server that says less is believed. */
const KEEP_ALIVE_MS = 60_000
const ABORTED = new Error('nobody waits for the answer')

/** HTTP/1.1 on a socket that is open already; one request at a time. */
export function createHttp1Connection(
  socket: Socket,
  origin: string,
  { onFree, onGone }: ConnectionListener,
): Connection {
  let isFree = true
  let isGone = false
  const client = new Client(origin, {
    connect: (_, callback) =>
      queueMicrotask(() => {
        // A second time would be for a request whose connection has just gone.
        if (isGone || socket.destroyed) callback(connectionLost(), null)
        else callback(null, socket)
      }),
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The limits are on tokens, not on bytes: see response-handler.ts.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  function close(error: Error): void {
    if (isGone) return
    isGone = true
    // Also where the client has not been given the socket yet.
    client.destroy(error).catch(() => undefined)
    socket.destroy()
    onGone()
  }

  const lost = () => close(connectionLost())
  client.on('disconnect', lost)
  const stopWatching = watchIdle(socket, lost)

  return {
    socket,
    room: () => (isFree && !isGone && !socket.destroyed ? 1 : 0),
    start(request, { onHead, onData, onEnd, onError }) {
      isFree = false
      stopWatching()
      const free = () => {
        isFree = true
        if (!isGone && !socket.destroyed) onFree()
      }
      const sink = {
        onHead,
        onData,
        onEnd() {
          onEnd()
          // A server may close right after the answer, though it said nothing of it.
          setImmediate(free)
        },
        onError,
      }
      return startOn(client, request, { sink, onLost: lost })
    },
    close,
  }
}

/** Nothing may come before the first request: an end, or a 408 that will be followed by one. */
function watchIdle(socket: Socket, onLost: () => void): () => void {
  socket.unref()
  socket.once('readable', onLost)
  socket.once('close', onLost)
  return () => {
    socket.off('readable', onLost)
    socket.off('close', onLost)
    socket.ref()
  }
}

function startOn(
  client: Client,
  { path, headers, body }: WireRequest,
  { sink, onLost }: { readonly sink: ResponseSink; readonly onLost: () => void },
): Exchange {
  let controller: Dispatcher.DispatchController | undefined
  let isAborted = false
  client.dispatch(
    {
      path,
      method: 'POST',
      headers,
      // Documented and working: undici's types leave iterables out. A buffer would be kept until the
      // answer is whole, a list can be emptied before.
      body: body as unknown as Uint8Array,
    },
    {
      onRequestStart(started) {
        controller = started
        if (isAborted) started.abort(ABORTED)
      },
      onResponseStart(_, status, fields) {
        if (status >= 200) sink.onHead({ status, headers: fields, isFramed: isFramed(fields) })
      },
      onResponseData: (_, bytes) => sink.onData(bytes),
      onResponseEnd: () => sink.onEnd(),
      onResponseError(_, error) {
        onLost()
        if (!isAborted) sink.onError(error)
      },
    },
  )
  return {
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    abort() {
      isAborted = true
      controller?.abort(ABORTED)
    },
  }
}

function isFramed(headers: ResponseHead['headers']): boolean {
  const isChunked = String(headers['transfer-encoding']).toLowerCase() === 'chunked'
  return isChunked || headers['content-length'] !== undefined
}
