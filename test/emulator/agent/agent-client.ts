import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { Agent } from '../../../src/emulator/agent/agent.ts'
import type { ServerEvent } from '../../../src/emulator/agent/conversation/server-event.ts'
import { renderPrompt } from '../../../src/emulator/agent/prompt.ts'
import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../src/emulator/agent/start-emulator.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { fakeAgent, fakeTools, scriptedLlm } from './fake-agent.ts'

interface RunningEmulator extends Emulator {
  readonly lines: readonly string[]
  /** The socket URL, with a query. */
  readonly socketUrl: (query?: string) => string
}

/** A real emulator on a free port, ended with the test. */
export async function emulate(options: Partial<EmulatorOptions> = {}): Promise<RunningEmulator> {
  const lines: string[] = []
  const emulator = await startEmulator({
    agents: [fakeAgent()],
    llm: () => scriptedLlm(),
    tools: () => fakeTools,
    renderPrompt,
    host: '127.0.0.1',
    port: 0,
    apiKey: null,
    log: (line) => void lines.push(line),
    ...options,
    timing: { gapAfterMetadataMs: 1, ...options.timing },
  })
  onTestFinished(() => emulator.close())
  const socketUrl = (query = 'agent_id=clinic') =>
    `${emulator.url.replace('http:', 'ws:')}/v1/convai/conversation?${query}`
  return { ...emulator, lines, socketUrl }
}

export function emulateAgent(own: Partial<Agent>): Promise<RunningEmulator> {
  return emulate({ agents: [fakeAgent(own)] })
}

interface Client extends Omit<EventLog, 'take'> {
  readonly socket: WebSocket
  /** A text goes out as it is, everything else as JSON. */
  readonly send: (frame: string | object) => void
  readonly say: (text: string) => void
  /** Code and reason, once the socket is closed. */
  readonly closed: Promise<string>
  /** Closes it; resolves once it is closed. */
  readonly leave: () => Promise<string>
}

/** A client that has connected and said nothing yet. */
export async function connect(
  url: string,
  protocols: readonly string[] = ['convai'],
): Promise<Client> {
  const socket = new WebSocket(url, [...protocols])
  onTestFinished(() => socket.terminate())
  const log = createEventLog()
  socket.on('message', (data: Buffer) => {
    log.take(JSON.parse(data.toString()) as ServerEvent) // what the emulator's types promise
  })
  const closed = new Promise<string>((resolve) => {
    socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`))
  })
  await once(socket, 'open')
  const send = (frame: string | object) =>
    socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  return {
    ...log,
    socket,
    send,
    say: (text) => send({ type: 'user_message', text }),
    closed,
    leave: () => {
      socket.close(1000)
      return closed
    },
  }
}

/** A client whose conversation has begun, with these fields in its first frame. */
export async function converse(url: string, fields: object = {}): Promise<Client> {
  const client = await connect(url)
  client.send({ type: 'conversation_initiation_client_data', ...fields })
  return client
}
