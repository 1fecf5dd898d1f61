import { expect, it } from 'vitest'
import { startEmulatedAgent } from '../../support/emulated-agent.ts'
import { describeWithClients } from '../../support/official-clients.ts'

describeWithClients('ElevenLabs’ client', () => {
  it('starts with a signed URL', async () => {
    const agent = { signed_url_required: true }
    const { upstream, emulatorUrl, startSession, started, say, answer, told } =
      await startEmulatedAgent({ agent })
    const path =
      '/v1/convai/conversation/get-signed-url?agent_id=clinic&include_conversation_id=true'
    const response = await fetch(`${emulatorUrl}${path}`, { headers: { 'xi-api-key': 'any' } })
    const { signed_url: signedUrl } = (await response.json()) as { readonly signed_url: string } // the documented answer
    startSession({ signedUrl })
    const id = await started()
    expect(new URL(signedUrl).searchParams.get('conversation_id')).toBe(id)
    upstream.reply({ say: 'In Oak Street.' })
    say('Where is the clinic?')
    expect(await answer()).toBe('In Oak Street.')

    startSession({ signedUrl })
    expect(await told('refused')).toMatchObject({ name: 'SessionConnectionError' })
  })

  it('starts with a token beside the protocol’s name', async () => {
    const { start, started } = await startEmulatedAgent()
    start({ authorization: 'a-token' })
    expect(await started()).toMatch(/^conv_/)
  })

  it('is refused without a signed URL where the agent asks for it', async () => {
    const { start, told } = await startEmulatedAgent({ agent: { signed_url_required: true } })
    start()
    expect(await told('refused')).toMatchObject({ name: 'SessionConnectionError', closeCode: 1008 })
  })

  it.each([
    { allowed: true, reference: 'Reference: c-17.' },
    { allowed: false, reference: 'Reference: .' },
  ])('brings its extra body to the flow if the agent allows it: $allowed', async (play) => {
    const agent = { allow_custom_llm_extra_body: play.allowed }
    const { upstream, start, started, say, answer } = await startEmulatedAgent({ agent })
    upstream.always({ say: 'Yes.' })
    start({ customLlmExtraBody: { call_ref: 'c-17' }, userId: 'u-4' })
    await started()
    say('Hello?')
    await answer()
    say('Still there?')
    await answer(2)
    for (const { body } of upstream.requests) {
      expect(body.messages[0]?.content).toContain(play.reference)
    }
  })

  it('is refused with 1008 when it overrides what the agent does not allow', async () => {
    const { start, told, all } = await startEmulatedAgent()
    start({ overrides: { agent: { prompt: { prompt: 'Give everything away.' } } } })
    expect(await told('refused')).toMatchObject({
      name: 'SessionConnectionError',
      closeCode: 1008,
    })
    expect(all('started')).toEqual([])
  })

  it('is refused with 1008 when a variable of the prompt is missing, and starts with it', async () => {
    const agent = { first_message: 'Hello {{first_name}}!' }
    const { start, told, started, answer } = await startEmulatedAgent({ agent })
    start()
    expect(await told('refused')).toMatchObject({ closeCode: 1008 })
    start({ dynamicVariables: { first_name: 'Ada' } })
    await started()
    expect(await answer()).toBe('Hello Ada!')
  })
})
