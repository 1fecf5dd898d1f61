import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTalk } from './conversation-stage.ts'
import { spokenParts } from './event-log.ts'
import { scriptedLlm, stalled } from './fake-agent.ts'
import { GREETING, user, assistant } from './conversation-messages.ts'

describe('a turn', () => {
  it('sends the greeting, then the answer in parts that together are the agent response', async () => {
    const llm = scriptedLlm({ say: ['Good', ' day', '.'] })
    const talk = startTalk({ llm })
    talk.say('Hello')
    const { agent_response_event: response } = await talk.event('agent_response', 2)
    expect(response.agent_response).toBe('Good day.')
    expect(spokenParts(talk).get(response.event_id)).toBe('Good day.')
    expect(llm.history(1)).toEqual([GREETING, user('Hello')])
  })

  it('begins and ends its parts with empty ones', async () => {
    const talk = startTalk({ agent: { firstMessage: '' }, llm: scriptedLlm({ say: ['Yes.'] }) })
    talk.say('Hello')
    await talk.event('agent_response')
    const parts = talk.all('agent_chat_response_part').map((event) => event.text_response_part)
    expect(parts.map(({ type, text }) => `${type}:${text}`)).toEqual([
      'start:',
      'delta:Yes.',
      'stop:',
    ])
  })

  it('has event ids that rise from group to group', async () => {
    const talk = startTalk()
    talk.say('One')
    await talk.event('agent_response', 2)
    talk.say('Two')
    await talk.event('agent_response', 3)
    const ids = talk.all('agent_response').map((event) => event.agent_response_event.event_id)
    expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other))
    expect(ids).toHaveLength(3)
  })

  it('shows the whole conversation to the next request', async () => {
    const llm = scriptedLlm({ say: ['One.'] })
    const talk = startTalk({ llm })
    talk.say('First')
    await talk.event('agent_response', 2)
    talk.say('Second')
    await talk.event('agent_response', 3)
    expect(llm.history(2)).toEqual([GREETING, user('First'), assistant('One.'), user('Second')])
    expect(llm.questions[1]?.messages[0]).toEqual({
      role: 'system',
      content: 'You answer the phone. CALL_ID=conv_1',
    })
  })

  it('waits for the user when there is no first message', async () => {
    const llm = scriptedLlm()
    const talk = startTalk({ agent: { firstMessage: '' }, llm })
    talk.say('Hello')
    await talk.event('agent_response')
    expect(llm.history(1)).toEqual([user('Hello')])
  })

  it.each([[null], [undefined], ['']])(
    'is not caused by a message whose text is %j',
    async (text) => {
      const llm = scriptedLlm()
      const talk = startTalk({ llm })
      talk.tell({ type: 'user_message', text })
      talk.say('Hello')
      await talk.event('agent_response', 2)
      expect(llm.questions).toHaveLength(1)
    },
  )

  it('is caused by a multimodal message, with its parts', async () => {
    const llm = scriptedLlm()
    const talk = startTalk({ llm })
    talk.tell({
      type: 'multimodal_message',
      text: { text: 'Look' },
      file: { file_id: 'f1' },
      files: [{ file_id: 'f2' }],
    })
    await talk.event('agent_response', 2)
    expect(llm.history(1).at(-1)).toEqual(
      user([
        { type: 'text', text: 'Look' },
        { type: 'file', file: { file_id: 'f1' } },
        { type: 'file', file: { file_id: 'f2' } },
      ]),
    )
  })

  it('echoes what the user typed, if the agent does that', async () => {
    const talk = startTalk({ agent: { echoesUserTranscript: true } })
    talk.say('Hello')
    const { user_transcription_event: echo } = await talk.event('user_transcript')
    expect(echo.user_transcript).toBe('Hello')
  })

  it('leaves nothing in the history for an answer without words', async () => {
    const llm = scriptedLlm({ say: [' '] })
    const talk = startTalk({ llm })
    talk.say('Hello')
    await talk.event('agent_response', 2)
    talk.say('Hello?')
    await talk.event('agent_response', 3)
    expect(llm.history(2)).toEqual([GREETING, user('Hello'), user('Hello?')])
  })
})

describe('the first frames', () => {
  it('are the metadata and then nothing for a while, whatever the client says', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const talk = startTalk({ timing: { gapAfterMetadataMs: 20 } })
    talk.say('Hello')
    await vi.advanceTimersByTimeAsync(19)
    expect(talk.types()).toEqual(['conversation_initiation_metadata'])
    await vi.advanceTimersByTimeAsync(1)
    expect(talk.all('agent_response')).toHaveLength(2)
  })
})

describe('context', () => {
  it('is shown to the next request, and causes none', async () => {
    const llm = scriptedLlm()
    const talk = startTalk({ llm })
    await talk.event('agent_response')
    talk.tell({ type: 'contextual_update', text: 'The user opened the map.' })
    talk.say('Hello')
    await talk.event('agent_response', 2)
    expect(llm.questions).toHaveLength(1)
    expect(llm.history(1)).toEqual([
      GREETING,
      { role: 'system', content: 'Contextual update: The user opened the map.' },
      user('Hello'),
    ])
  })

  it('may come in any amount while the agent answers', async () => {
    const llm = scriptedLlm(stalled('One ').answer)
    const talk = startTalk({ llm })
    talk.say('Hello')
    await talk.event('agent_chat_response_part', 5)
    const count = 150_000
    for (let each = 0; each < count; each += 1) talk.tell({ type: 'contextual_update', text: 'x' })
    talk.say('And now?')
    await talk.event('agent_response', 2)
    expect(llm.history(2)).toHaveLength(count + 4)
  })

  it('that comes while a tool runs stands after its result', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'x' } }] })
    const talk = startTalk({ llm })
    talk.say('Show me')
    await talk.event('client_tool_call')
    talk.tell({ type: 'contextual_update', text: 'zoomed' })
    talk.tell({ type: 'client_tool_result', tool_call_id: 'call_1', result: 'shown' })
    await talk.event('agent_response', 2)
    talk.say('Thanks')
    await talk.event('agent_response', 3)
    expect(llm.history(3).map((message) => (message as { role: string }).role)).toEqual([
      'assistant',
      'user',
      'assistant',
      'tool',
      'assistant',
      'system',
      'user',
    ])
  })
})

describe('speculative turns', () => {
  it('ask with growing beginnings first, and only the last answer is heard', async () => {
    const early = stalled('Early. ')
    const llm = scriptedLlm(early.answer, { say: ['Wrong.'] }, stalled().answer, {
      say: ['Right.'],
    })
    const turn = { timeoutMs: null, silenceForm: 'dots', isSpeculative: true } as const
    const talk = startTalk({ agent: { turn }, llm, timing: { typingIntervalMs: 5 } })
    talk.say('I want a table tonight')
    await early.reached
    await talk.event('agent_response', 2)
    expect(llm.questions.map(({ messages }) => messages.at(-1)?.content)).toEqual([
      'I want',
      'I want a',
      'I want a table',
      'I want a table tonight',
    ])
    expect([...spokenParts(talk).values()]).toEqual(['Clinic, hello!', 'Right.'])
  })
})
