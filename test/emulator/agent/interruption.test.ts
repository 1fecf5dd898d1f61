import { describe, expect, it } from 'vitest'
import { createGate } from '../../support/gate.ts'
import { startTalk } from './conversation-stage.ts'
import { scriptedLlm, stalled } from './fake-agent.ts'
import { GREETING, user, assistant } from './conversation-messages.ts'

describe('a user who speaks while the agent answers', () => {
  it('stops the request, and the history keeps the whole words that were sent', async () => {
    const held = stalled('We are open ', 'from ni')
    const llm = scriptedLlm(held.answer)
    const talk = startTalk({ llm })
    talk.say('When?')
    await talk.event('agent_chat_response_part', 6)
    talk.say('Where?')
    await held.reached
    const { interruption_event: interruption } = await talk.event('interruption')
    const { agent_response_correction_event: correction } = await talk.event(
      'agent_response_correction',
    )
    expect(correction).toEqual({
      original_agent_response: 'We are open from ni',
      corrected_agent_response: 'We are open from',
      event_id: interruption.event_id,
    })
    await talk.event('agent_response', 2)
    expect(llm.history(2)).toEqual([
      GREETING,
      user('When?'),
      assistant('We are open from'),
      user('Where?'),
    ])
  })

  it('leaves two user messages in a row when nothing had been said', async () => {
    const held = stalled()
    const llm = scriptedLlm(held.answer)
    const talk = startTalk({ llm })
    talk.say('When?')
    talk.say('Where?')
    await held.reached
    await talk.event('agent_response', 2)
    expect(llm.history(2)).toEqual([GREETING, user('When?'), user('Where?')])
    expect(talk.types()).not.toContain('interruption')
  })

  it('does not hear the old answer any more', async () => {
    const gate = createGate()
    const deaf = scriptedLlm(async (_question, listener) => {
      listener.onText('Old ')
      await gate.released
      listener.onText('answer')
      return { text: 'Old answer', calls: [] }
    })
    const talk = startTalk({ llm: deaf })
    talk.say('One')
    await talk.event('agent_chat_response_part', 5)
    talk.say('Two')
    gate.release()
    await talk.event('agent_response', 2)
    talk.say('Three')
    await talk.event('agent_response', 3)
    expect(JSON.stringify(talk.events)).not.toContain('answer"')
    expect(deaf.history(3)).toEqual([
      GREETING,
      user('One'),
      assistant('Old'),
      user('Two'),
      assistant('Yes.'),
      user('Three'),
    ])
  })

  it('interrupts a client tool: its call gets an error result, and a late result is ignored', async () => {
    const llm = scriptedLlm({ calls: [{ name: 'show_map', arguments: { place: 'here' } }] })
    const talk = startTalk({ llm })
    talk.say('Show me')
    const { client_tool_call: call } = await talk.event('client_tool_call')
    talk.say('No, wait')
    const { agent_tool_response: response } = await talk.event('agent_tool_response')
    expect(response).toMatchObject({ tool_call_id: call.tool_call_id, is_error: true })
    talk.tell({ type: 'client_tool_result', tool_call_id: call.tool_call_id, result: 'late' })
    await talk.event('agent_response', 2)
    expect(llm.history(2).map((message) => (message as { role: string }).role)).toEqual([
      'assistant',
      'user',
      'assistant',
      'tool',
      'user',
    ])
    expect(JSON.stringify(llm.history(2))).toContain('interrupted by the user')
    expect(talk.lines).toContain('client_tool_result call_1: nothing waits for it')
  })
})
