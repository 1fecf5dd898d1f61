import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Model } from 'openai/resources/models'
import type { Log } from '../../observability/log.ts'
import type { TurnRequest } from '../../turn/turn-request.ts'
import type { TurnEngine, TurnFacts } from '../../turn/turn.ts'
import type { Authenticate } from '../authenticate.ts'
import type { createTurnLog } from '../logged-turn.ts'
import type { TurnGate } from '../turn-gate.ts'
import { setTurnHeaders } from '../turn-headers.ts'
import type { AnswerForm } from './answer-form.ts'
import { chatForm } from './chat-form.ts'
import { toDerivationBody } from './derive.ts'
import { jsonReply } from './json-reply.ts'
import type { ChooseProfile } from './platforms/choose-profile.ts'
import { readChatRequest } from './read-request.ts'
import { readResponseRequest } from './responses/read-response-request.ts'
import { responseForm } from './responses/response-form.ts'
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
  readonly chooseProfile: ChooseProfile
  readonly gate: TurnGate
  readonly log: Log
  readonly withTurnLog: ReturnType<typeof createTurnLog>
  /** What `GET /v1/models` lists; the first is the model of answers to requests that name none. */
  readonly models: readonly [string, ...string[]]
  readonly drainTimeoutMs: number
}

/** A turn as one of the APIs asks for it. */
interface Asked {
  readonly turn: TurnRequest
  readonly stream: boolean
  readonly formFor: (facts: TurnFacts) => AnswerForm
}

/** The front end for everything that speaks OpenAI's chat completions or its Responses API. */
export function openAiRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const { engine, authenticate, gate, log, withTurnLog, models, drainTimeoutMs } = dependencies
  const { chooseProfile } = dependencies
  const createdAt = Math.floor(Date.now() / 1000)
  app.decorateRequest('caller', '')
  // Before the body is read: strangers do not get to send four megabytes.
  const onRequest = (request: Parameters<Authenticate>[0], _reply: unknown, done: () => void) => {
    request.caller = authenticate(request)
    done()
  }

  app.head('/v1/chat/completions', (_request, reply) => reply.send())
  app.head('/v1/responses', (_request, reply) => reply.send())

  const answer = (read: (request: FastifyRequest) => Asked) => {
    return (request: FastifyRequest, reply: FastifyReply) =>
      gate.pass(reply.raw, async (waitFor) => {
        const startedAt = performance.now()
        const asked = read(request)
        // An answer can last, and the bytes would stay with it.
        request.body = undefined
        const begun = await engine.begin(asked.turn)
        waitFor(begun.ended)
        setTurnHeaders(reply, begun.facts)
        const turn = withTurnLog(begun, { request: asked.turn, startedAt })
        const form = asked.formFor(begun.facts)
        if (asked.stream) return streamReply(turn, { reply, form, log, drainTimeoutMs })
        return jsonReply(turn, { reply, form, log })
      })
  }

  const answerChat = answer((request) => {
    const chat = readChatRequest(request, chooseProfile)
    const { turn, stream, tellsConversation } = chat
    return {
      turn,
      stream,
      formFor: ({ conversation }) =>
        chatForm(request, chat, {
          model: models[0],
          fingerprint: tellsConversation ? conversation : null,
        }),
    }
  })
  app.post('/v1/chat/completions', { onRequest }, answerChat)

  const answerResponses = answer((request) => {
    const asked = readResponseRequest(request, chooseProfile)
    const { turn, stream } = asked
    return { turn, stream, formFor: () => responseForm(request, asked, models[0]) }
  })
  app.post('/v1/responses', { onRequest }, answerResponses)

  app.post('/v1/conversations/derive', { onRequest }, async (request, reply) => {
    const derivation = await engine.derive(readChatRequest(request, chooseProfile).turn)
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
