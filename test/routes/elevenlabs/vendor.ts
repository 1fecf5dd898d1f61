import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { ElevenLabsOptions } from '../../../src/routes/elevenlabs/options.ts'
import { listeningApp, type ListeningApp } from '../../support/listening-app.ts'
import { closeServer, listenOnLoopback } from '../../support/loopback-server.ts'
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts'

export const API_KEY = 'sk_key-of-the-workspace'
export const SERVER_KEY = { name: 'site', secret: 'secret-of-the-site' }
export const PATH = '/v1/elevenlabs/signed-url'
export const SIGNED_URL =
  'wss://api.elevenlabs.io/v1/convai/conversation?agent_id=agent_1&conversation_signature=sig_abc'

interface Started {
  readonly app: ListeningApp
  /** ElevenLabs, which gives out `SIGNED_URL` until told otherwise. */
  readonly vendor: WebhookServer
  /** Asks with the server's key, unless other headers are given. */
  readonly ask: (query?: string, headers?: Record<string, string>) => Promise<Response>
}

type AppOptions = NonNullable<Parameters<typeof listeningApp>[0]>

/** The app with these `elevenlabs` options, and ElevenLabs on loopback. */
export async function startWithVendor(
  options: object = {},
  more: AppOptions = {},
): Promise<Started> {
  const vendor = await startWebhookServer()
  onTestFinished(() => vendor.close())
  vendor.behave({ type: 'json', value: { signed_url: SIGNED_URL } })
  const elevenlabs = ElevenLabsOptions.parse({
    api_key: API_KEY,
    agents: ['agent_1', 'agent_2'],
    base_url: vendor.url,
    ...options,
  })
  const app = await listeningApp({ elevenlabs, keys: [SERVER_KEY], ...more })
  return {
    app,
    vendor,
    ask: (query = '?agent_id=agent_1', headers = { 'x-api-key': SERVER_KEY.secret }) =>
      fetch(`${app.url}${PATH}${query}`, { headers }),
  }
}

export async function errorOf(response: Response): Promise<object> {
  const { error } = (await response.json()) as { error: object } // the error form
  return { status: response.status, ...error }
}

/** An ElevenLabs that takes a request and never answers it. */
export async function startSilentVendor() {
  const server = createServer()
  const asked = once(server, 'request') as Promise<[IncomingMessage]> // as Node documents it
  const port = await listenOnLoopback(server)
  onTestFinished(() => closeServer(server))
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    /** Resolves when nobody waits for the answer any more. */
    left: asked.then(async ([{ socket }]) => socket.destroyed || once(socket, 'close')),
  }
}
