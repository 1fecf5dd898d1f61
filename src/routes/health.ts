import type { FastifyInstance } from 'fastify'

/** How the things stand that turns need. */
export interface Readiness {
  readonly upstream: 'ok' | 'unusable'
  /** Left out where nothing outside this process is asked. */
  readonly store?: 'ok' | 'unreachable'
  /** By the names of the configuration. */
  readonly mcp?: Readonly<Record<string, 'ok' | 'unreachable'>>
}

interface Dependencies {
  readonly readiness: () => Readiness
  readonly isDraining: () => boolean
  readonly openApiText: string
}

/** What machines ask without a key: is it alive, may traffic come, what is the contract. */
export function healthRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const { readiness, isDraining, openApiText } = dependencies
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const parts = readiness()
    const status = isDraining() ? 'draining' : isReady(parts) ? 'ready' : 'not_ready'
    return reply.code(status === 'ready' ? 200 : 503).send({ status, ...told(parts) })
  })
  app.get('/openapi.yaml', (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(openApiText),
  )
}

// A flow goes on without the tools of an MCP server that is down; every instance would lack them.
function isReady({ upstream, store }: Readiness): boolean {
  return upstream === 'ok' && store !== 'unreachable'
}

function told({ upstream, store, mcp = {} }: Readiness): Readiness {
  return {
    upstream,
    ...(store !== undefined && { store }),
    ...(Object.keys(mcp).length > 0 && { mcp }),
  }
}
