import type { FastifyInstance } from 'fastify'
import type { Model } from 'openai/resources/models'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { TurnEngine } from '../../turn/turn.ts'
import type { Authenticate } from '../authenticate.ts'
import { createTurnLog } from '../logged-turn.ts'
import type { TurnGate } from '../turn-gate.ts'
import { setTurnHeaders } from '../turn-headers.ts'
import { answerForm } from './answer-form.ts'
import { toDerivationBody } from './derive.ts'
import { jsonReply } from './json-reply.ts'
import { readChatRequest } from './read-request.ts'
import { streamReply } from './stream-reply.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The name of the key that the request carries. */
    caller: string
  }
}

interface Dependencies {
  readonly engine: TurnEngine
  readonly authenticate: Authenticate
  readonly gate: TurnGate
  readonly log: Log
  readonly metrics: Metrics
  /** What `GET /v1/models` lists; the first is the model of answers to requests that name none. */
  readonly models: readonly [string, ...string[]]
  readonly drainTimeoutMs: number
}

/** The front end for everything that speaks OpenAI's chat completions. */
export function openAiRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const { engine, authenticate, gate, log, metrics, models, drainTimeoutMs } = dependencies
  const createdAt = Math.floor(Date.now() / 1000)
  const withTurnLog = createTurnLog({ log, metrics })
  app.decorateRequest('caller', '')
  // Before the body is read: strangers do not get to send four megabytes.
  const onRequest = (request: Parameters<Authenticate>[0], _reply: unknown, done: () => void) => {
    request.caller = authenticate(request)
    done()
  }

  app.head('/v1/chat/completions', (_request, reply) => reply.send())

  app.post('/v1/chat/completions', { onRequest }, (request, reply) =>
    gate.pass(reply.raw, async (waitFor) => {
      const startedAt = performance.now()
      const chat = readChatRequest(request)
      const begun = await engine.begin(chat.turn)
      waitFor(begun.ended)
      setTurnHeaders(reply, begun.facts)
      const turn = withTurnLog(begun, { request: chat.turn, startedAt })
      const form = answerForm(request, chat, models[0])
      if (chat.stream) return streamReply(turn, { reply, form, log, drainTimeoutMs })
      return jsonReply(turn, { reply, form, log })
    }),
  )

  app.post('/v1/conversations/derive', { onRequest }, async (request, reply) => {
    const derivation = await engine.derive(readChatRequest(request).turn)
    setTurnHeaders(reply, derivation)
    return reply.send(toDerivationBody(derivation))
  })

  app.get('/v1/models', { onRequest }, () => ({
    object: 'list',
    data: models.map(
      (id) => ({ id, object: 'model', created: createdAt, owned_by: 'turnstate' }) satisfies Model,
    ),
  }))
}
