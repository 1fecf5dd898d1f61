import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { createClinic, problem, type Clinic, type ClinicAnswer } from './clinic.ts'

export interface ClinicApi {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string
  close(): Promise<void>
}

const MAX_BODY_BYTES = 16_384
const REQUEST_TIMEOUT_MS = 5000

const BookingBody = z.object({ patient: z.string(), at: z.string() })

/** The appointment API of the demo on a free port of the loopback interface, with a fresh book. */
export async function startClinicApi(): Promise<ClinicApi> {
  const clinic = createClinic()
  const server = createServer((request, response) => {
    readBody(request, (body) => send(response, answer(clinic, request, body)))
  })
  server.requestTimeout = REQUEST_TIMEOUT_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The demo API has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Gives null for a body over the limit, whose rest is read and dropped so that the answer arrives. */
function readBody(request: IncomingMessage, onBody: (body: string | null) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  })
  request.on('end', () => onBody(size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString()))
}

function answer(clinic: Clinic, request: IncomingMessage, body: string | null): ClinicAnswer {
  if (body === null) return problem(413, 'the body is too large')
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const parameters = new URLSearchParams(query)
  switch (`${request.method ?? ''} ${path}`) {
    case 'GET /patients': {
      const name = parameters.get('name')
      return name === null ? problem(400, 'name is required') : clinic.findPatients(name)
    }
    case 'GET /slots':
      return clinic.slots(parameters.get('patient') ?? '')
    case 'GET /bookings':
      return clinic.bookings()
    case 'POST /bookings':
      return book(clinic, body, request.headers['idempotency-key'])
    default: {
      const id = /^\/bookings\/([A-Z0-9-]+)$/.exec(path)?.[1]
      if (request.method === 'DELETE' && id !== undefined) return clinic.cancel(id)
      return problem(404, 'there is nothing here')
    }
  }
}

function book(clinic: Clinic, body: string, key: string | string[] | undefined): ClinicAnswer {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return problem(400, 'the body is not JSON')
  }
  const wish = BookingBody.safeParse(value)
  if (!wish.success) return problem(400, 'patient and at are required, both as text')
  return clinic.book({ ...wish.data, idempotencyKey: typeof key === 'string' ? key : undefined })
}

function send(response: ServerResponse, { status, body }: ClinicAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
