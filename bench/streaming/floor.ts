/*
 * The least that a server between caller and model can do: one HTTP request in, the same one out, and
 * each read of the answer written on. `node --import tsx floor.ts MODEL_PORT`; prints its own port.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, type Dispatcher } from 'undici'

const pool = new Pool(`http://127.0.0.1:${process.argv[2] ?? ''}`, {
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
})

const server = createServer((request, response) => {
  const length = request.headers['content-length'] ?? '0'
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': length },
      body: request,
    },
    passOn(response),
  )
})

function passOn(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      response.on('close', () => {
        if (!response.writableFinished) controller.abort(new Error('the caller is gone'))
      })
    },
    onResponseStart: (_controller, status, headers) =>
      void response.writeHead(status, { 'content-type': String(headers['content-type']) }),
    onResponseData(controller, bytes) {
      if (response.write(bytes)) return
      controller.pause()
      response.once('drain', () => controller.resume())
    },
    onResponseEnd: () => void response.end(),
    onResponseError: () => void response.destroy(),
  }
}

server.listen(0, '127.0.0.1', 4096, () => {
  const { port } = server.address() as AddressInfo // a TCP server that listens has one
  process.stdout.write(`${port}\n`)
})
process.once('SIGTERM', () => process.exit(0))
