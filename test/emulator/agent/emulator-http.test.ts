import { describe, expect, it } from 'vitest'
import { connect, converse, emulate, emulateAgent } from './agent-client.ts'

const KEY = { headers: { 'xi-api-key': 'key' } }
const PATH = '/v1/convai/conversation'

async function signedUrl(url: string, query = 'agent_id=clinic'): Promise<string> {
  const response = await fetch(`${url}${PATH}/get-signed-url?${query}`, KEY)
  const { signed_url: signed } = (await response.json()) as { signed_url: string } // of the emulator's
  return signed
}

describe('a signed URL', () => {
  it.each(['get-signed-url', 'get_signed_url'])(
    'comes from %s and leads to the agent',
    async (name) => {
      const { url } = await emulateAgent({ requiresSignedUrl: true })
      const response = await fetch(`${url}${PATH}/${name}?agent_id=clinic`, KEY)
      expect(response.status).toBe(200)
      const { signed_url: signed } = (await response.json()) as { signed_url: string } // of the emulator's
      const client = await converse(`${signed}&source=js_sdk&version=1.25.0`)
      await client.event('agent_response')
      const again = await converse(signed)
      await again.event('agent_response')
    },
  )

  it('names the conversation and holds once, if that was asked for', async () => {
    const { url } = await emulate()
    const signed = await signedUrl(url, 'agent_id=clinic&include_conversation_id=true')
    const id = new URL(signed).searchParams.get('conversation_id')
    expect(id).toMatch(/^conv_/)
    const client = await converse(signed)
    const { conversation_initiation_metadata_event: metadata } = await client.event(
      'conversation_initiation_metadata',
    )
    expect(metadata.conversation_id).toBe(id)
    const again = await connect(signed)
    expect(await again.closed).toMatch(/^1008 /)
  })

  it('is over after its time', async () => {
    const { url } = await emulate({ timing: { signedUrlValidityMs: 0 } })
    const client = await connect(await signedUrl(url))
    expect(await client.closed).toMatch(/^1008 .*too old/)
  })

  it('cannot be made up', async () => {
    const { socketUrl } = await emulate()
    const client = await connect(socketUrl('agent_id=clinic&conversation_signature=cvtkn_1'))
    expect(await client.closed).toMatch(/^1008 /)
  })

  it('is the only way to an agent that requires one', async () => {
    const { socketUrl } = await emulateAgent({ requiresSignedUrl: true })
    const client = await connect(socketUrl())
    expect(await client.closed).toMatch(/^1008 .*signed URLs only/)
  })

  it.each([
    ['no key', {}, 'agent_id=clinic', 401],
    ['a wrong key', { 'xi-api-key': 'other' }, 'agent_id=clinic', 401],
    ['an unknown agent', { 'xi-api-key': 'key' }, 'agent_id=nobody', 404],
    ['no agent', { 'xi-api-key': 'key' }, '', 422],
  ])('is not given for %s', async (_name, headers, query, status) => {
    const { url } = await emulate({ apiKey: 'key' })
    const response = await fetch(`${url}${PATH}/get-signed-url?${query}`, { headers })
    expect(response.status).toBe(status)
    expect(await response.json()).toHaveProperty('detail')
  })

  it('needs some key even where any will do', async () => {
    const { url } = await emulate({ apiKey: null })
    const response = await fetch(`${url}${PATH}/get-signed-url?agent_id=clinic`)
    expect(response.status).toBe(401)
  })
})

describe('the rest of the HTTP API', () => {
  it('has no WebRTC tokens', async () => {
    const { url } = await emulate()
    const response = await fetch(`${url}${PATH}/token?agent_id=clinic`, KEY)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('no WebRTC here')
  })

  it('takes feedback on a conversation', async () => {
    const { url, lines } = await emulate()
    const response = await fetch(`${url}/v1/convai/conversations/conv_1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"feedback":"like"}',
    })
    expect(response.status).toBe(200)
    expect(lines).toEqual(['conv_1  feedback on the conversation'])
  })

  it.each([
    ['GET', '/', 404],
    ['POST', `${PATH}/get-signed-url`, 404],
    ['POST', '/v1/convai/conversations/conv_1/files', 404],
    ['GET', PATH, 426],
  ])('answers %s %s with JSON', async (method, path, status) => {
    const { url } = await emulate()
    const response = await fetch(`${url}${path}`, { method, ...KEY })
    expect(response.status).toBe(status)
    expect(await response.json()).toHaveProperty('detail')
  })
})
