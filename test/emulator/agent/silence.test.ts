import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTalk } from './conversation-stage.ts'
import { scriptedLlm, stalled } from './fake-agent.ts'
import { GREETING, user, assistant } from './conversation-messages.ts'

describe('silence', () => {
  const turn = { timeoutMs: 10, silenceForm: 'dots', isSpeculative: false } as const

  it('has the agent asked again, as a user who says "..."', async () => {
    const llm = scriptedLlm({ say: ['Still there?'] })
    const talk = startTalk({ agent: { turn }, llm })
    await talk.event('agent_response', 3)
    expect(llm.history(2)).toEqual([GREETING, user('...'), assistant('Still there?'), user('...')])
  })

  it('has the agent asked again with an unchanged history, in the other form', async () => {
    const llm = scriptedLlm({ say: ['Still there?'] })
    const talk = startTalk({ agent: { turn: { ...turn, silenceForm: 'assistant_tail' } }, llm })
    await talk.event('agent_response', 3)
    expect(llm.history(1)).toEqual([GREETING])
    expect(llm.history(2)).toEqual([GREETING, assistant('Still there?')])
  })

  it('that the user breaks before anything was said was no turn', async () => {
    const held = stalled()
    const llm = scriptedLlm(held.answer)
    const talk = startTalk({ agent: { turn }, llm })
    await expect.poll(() => llm.questions.length).toBe(1)
    talk.say('Here I am')
    await held.reached
    await talk.event('agent_response', 2)
    expect(llm.history(2)).toEqual([GREETING, user('Here I am')])
  })

  it('is counted from the last sign of the user', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const llm = scriptedLlm()
    const talk = startTalk({ agent: { turn: { ...turn, timeoutMs: 7000 } }, llm })
    await vi.advanceTimersByTimeAsync(5000)
    talk.tell({ type: 'user_activity' })
    await vi.advanceTimersByTimeAsync(6000)
    expect(llm.questions).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1001)
    expect(llm.questions).toHaveLength(1)
  })

  it.each([
    ['while the agent answers', { turn }, stalled('Well, ').answer],
    ['before the user spoke first', { turn, firstMessage: '' }, null],
    ['by an agent that waits for ever', { turn: { ...turn, timeoutMs: null } }, null],
  ])('is not counted %s', async (_name, agent, answer) => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const llm = scriptedLlm(...(answer ? [answer] : []))
    const talk = startTalk({ agent, llm })
    if (answer) talk.say('Hello')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(llm.questions).toHaveLength(answer ? 1 : 0)
  })
})
