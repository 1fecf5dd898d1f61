import type { FastifyInstance } from 'fastify'

interface Dependencies {
  /** An upstream is usable and the store answers. */
  readonly isReady: () => boolean
  readonly isDraining: () => boolean
  readonly openApiText: string
}

/** What machines ask without a key: is it alive, may traffic come, what is the contract. */
export function healthRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const status = readiness(dependencies)
    return reply.code(status === 'ready' ? 200 : 503).send({ status })
  })
  app.get('/openapi.yaml', (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(dependencies.openApiText),
  )
}

function readiness({ isReady, isDraining }: Dependencies): 'ready' | 'not_ready' | 'draining' {
  if (isDraining()) return 'draining'
  return isReady() ? 'ready' : 'not_ready'
}
