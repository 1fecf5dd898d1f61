import { describe, expect, it } from 'vitest'
import { startTalk } from './conversation-stage.ts'
import { failing, scriptedLlm, stalled } from './fake-agent.ts'

describe('a Custom LLM that fails', () => {
  it.each([['custom_llm_error'], ['llm_timeout']] as const)(
    'ends the conversation with %s and 1002',
    async (errorType) => {
      const talk = startTalk({ llm: scriptedLlm(failing(errorType, 'all 3 tries failed')) })
      talk.say('Hello')
      expect(await talk.closed).toBe(`1002 ${errorType}: all 3 tries failed`)
      expect(talk.events.at(-1)).toMatchObject({
        error_event: { code: 1002, error_type: errorType },
      })
    },
  )

  it('in the middle of its words ends their parts first', async () => {
    const llm = scriptedLlm((_question, listener) => {
      listener.onText('We are ')
      const failure = { type: 'custom-llm-failure', errorType: 'custom_llm_error', reason: 'broke' }
      return Promise.reject(Object.assign(new Error('broke'), failure))
    })
    const talk = startTalk({ agent: { firstMessage: '' }, llm })
    talk.say('Hello')
    await talk.closed
    const last = talk.events.slice(-2)
    expect(last).toMatchObject([{ text_response_part: { type: 'stop' } }, { type: 'error' }])
  })

  it('by calling tools for ever is stopped', async () => {
    const calls = [{ name: 'show_map' }]
    const llm = scriptedLlm(...Array.from({ length: 20 }, () => ({ calls })))
    const talk = startTalk({ llm })
    talk.say('Hello')
    expect(await talk.closed).toMatch(/^1002 custom_llm_error/)
    expect(llm.questions).toHaveLength(10)
  })

  it('in a way that nobody expected ends it with 1011 and a line in the log', async () => {
    const llm = scriptedLlm(() => Promise.reject(new Error('a bug')))
    const talk = startTalk({ llm })
    talk.say('Hello')
    expect(await talk.closed).toMatch(/^1011/)
    expect(talk.lines.join('\n')).toContain('a bug')
    expect(JSON.stringify(talk.events)).not.toContain('a bug')
  })
})

describe('the end of a conversation', () => {
  it('comes with its maximum duration', async () => {
    const talk = startTalk({ agent: { maxDurationMs: 10 } })
    expect(await talk.closed).toMatch(/^1000 max_duration_exceeded/)
    expect(talk.events.at(-1)).toMatchObject({
      error_event: { code: 1000, error_type: 'max_duration_exceeded' },
    })
  })

  it('stops the request that runs when the client has gone', async () => {
    const held = stalled('One ')
    const talk = startTalk({ llm: scriptedLlm(held.answer) })
    talk.say('Hello')
    await talk.event('agent_chat_response_part', 5)
    talk.leave()
    await held.reached
  })

  it('is final: nothing that comes later is answered', async () => {
    const llm = scriptedLlm(failing('custom_llm_error', 'gone'))
    const talk = startTalk({ llm })
    talk.say('Hello')
    await talk.closed
    const before = talk.events.length
    talk.say('Hello?')
    await new Promise(setImmediate)
    expect(talk.events).toHaveLength(before)
    expect(llm.questions).toHaveLength(1)
  })
})

describe('pings', () => {
  it('tell how long the last one took, once it was answered', async () => {
    const talk = startTalk({ timing: { pingIntervalMs: 5 } })
    const { ping_event: first } = await talk.event('ping')
    expect(first.ping_ms).toBeNull()
    const { ping_event: second } = await talk.event('ping', 2)
    expect(second.ping_ms).toBeNull()
    talk.tell({ type: 'pong', event_id: second.event_id })
    const { ping_event: third } = await talk.event('ping', 3)
    expect(third.ping_ms).toBeGreaterThanOrEqual(0)
  })
})
