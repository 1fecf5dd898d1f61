import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import type { Log } from '../observability/log.ts'
import { createService } from '../service.ts'

/** Turns last 20 s at most by default; a service manager's own patience is often 30 s. */
export const DRAIN_LIMIT_MS = 25_000
/** What a process may take for the rest once its turns have ended. */
export const CLOSE_LIMIT_MS = 5000
/** A store that does not answer by then may come later: the server starts without it. */
const STORE_LIMIT_MS = 2000

interface ServerOptions {
  readonly config: Config
  readonly log: Log
  readonly host: string
  readonly port: number
}

export interface OpenServer {
  /** The one that was taken, if any would do. */
  readonly port: number
  /** New connections are refused from now on; what runs goes on. */
  readonly stopListening: () => void
  /** Lets running turns end, then closes every connection. */
  readonly close: () => Promise<void>
}

type Opened =
  | { readonly ok: true; readonly server: OpenServer }
  | { readonly ok: false; readonly reason: string }

/** The service of a checked configuration, listening. */
export async function openServer({ config, log, host, port }: ServerOptions): Promise<Opened> {
  const service = createService({ config, log, openApiText: openApiText() })
  const close = () => service.close(DRAIN_LIMIT_MS)
  await service.connected(STORE_LIMIT_MS)
  const { server } = service.app
  try {
    await server.listen({ host, port })
  } catch (error) {
    await close()
    return { ok: false, reason: `Cannot listen on ${host}:${port}: ${reasonOf(error)}` }
  }
  const address = server.server.address()
  const taken = typeof address === 'object' && address ? address.port : port
  const stopListening = () => void server.server.close()
  return { ok: true, server: { port: taken, stopListening, close } }
}

/** As it stands in an address bar. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function openApiText(): string {
  // Both src/cli and dist/cli stand two levels below the package.
  return readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return 'the system refused'
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is taken; choose another one with --port'
    case 'EACCES':
      return 'this user may not use that port'
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    default:
      return String(error.code)
  }
}
