import { expect, it, onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { startElevenLabsClient } from '../../support/elevenlabs-client.ts'
import { describeWithClients } from '../../support/official-clients.ts'

const METADATA = {
  type: 'conversation_initiation_metadata',
  conversation_initiation_metadata_event: {
    conversation_id: 'conv_1',
    agent_output_audio_format: 'pcm_16000',
    user_input_audio_format: 'pcm_16000',
  },
}

/** A socket that, once the client has said how it wants to start, does what the test says. */
async function startScriptedAgent(onStart: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  await new Promise((resolve) => server.once('listening', resolve))
  server.on('connection', (socket) => socket.once('message', () => onStart(socket)))
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const { port } = server.address() as { readonly port: number } // it listens on TCP
  return `ws://127.0.0.1:${port}`
}

const send = (socket: WebSocket, frame: object) => socket.send(JSON.stringify(frame))

describeWithClients('what ElevenLabs’ client asks of a server', () => {
  it('starts on metadata that has both formats', async () => {
    const { startSession, started, end, told } = startElevenLabsClient()
    const origin = await startScriptedAgent((socket) => send(socket, METADATA))
    startSession({ agentId: 'any', origin })
    expect(await started()).toBe('conv_1')
    end()
    await told('onDisconnect')
  })

  it('does not start on metadata without the output format', async () => {
    const { startSession, told } = startElevenLabsClient()
    const event = { conversation_id: 'conv_1', user_input_audio_format: 'pcm_16000' }
    const origin = await startScriptedAgent((socket) =>
      send(socket, { ...METADATA, conversation_initiation_metadata_event: event }),
    )
    startSession({ agentId: 'any', origin })
    expect(await told('refused')).toMatchObject({ name: 'TypeError' })
  })

  it('does not start on metadata that comes second', async () => {
    const { startSession, told } = startElevenLabsClient()
    const origin = await startScriptedAgent((socket) => {
      send(socket, { type: 'ping', ping_event: { event_id: 1, ping_ms: null } })
      send(socket, METADATA)
      socket.close(1008, 'too late')
    })
    startSession({ agentId: 'any', origin })
    expect(await told('warned')).toMatchObject({
      message: 'First received message is not conversation metadata.',
    })
    expect(await told('refused')).toMatchObject({
      name: 'SessionConnectionError',
      closeCode: 1008,
      message: 'too late',
    })
  })
})
