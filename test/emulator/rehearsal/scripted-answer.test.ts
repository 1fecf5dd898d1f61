import { describe, expect, it } from 'vitest'
import { planAnswer, sceneOf } from '../../../src/emulator/rehearsal/scripted-answer.ts'

const system = { role: 'system', content: 'You answer the phone.' }
const user = (content: unknown) => ({ role: 'user', content })

describe('a model that follows the rehearsal', () => {
  it('repeats what it has no rule for', () => {
    expect(planAnswer(sceneOf([system, user('Good evening')])).text).toBe('You said: Good evening')
  })

  it('reads content in parts', () => {
    const parts = [
      { type: 'text', text: 'Just say ' },
      { type: 'text', text: 'hello' },
    ]
    expect(planAnswer(sceneOf([user(parts)])).text).toBe('Alright: hello.')
  })

  it('greets when nobody has spoken, and asks when nobody speaks any more', () => {
    expect(planAnswer(sceneOf([system])).text).toBe('Welcome to the rehearsal.')
    const silent = [system, user('Hi'), { role: 'assistant', content: 'Hello.' }]
    expect(planAnswer(sceneOf(silent)).text).toBe('Are you still there?')
    expect(planAnswer(sceneOf([user('Hi'), user('...')])).text).toBe('Are you still there?')
  })

  it('calls a tool with what the caller said, and speaks its result', () => {
    const asked = [system, user('What is the status of order kobalu?')]
    const { calls } = planAnswer(sceneOf(asked))
    expect(calls).toEqual([{ name: 'look_up_order', arguments: '{"order":"kobalu"}' }])
    const call = { id: 'c1', type: 'function', function: calls[0] }
    const ran = [
      ...asked,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: '{"status":"on its way"}' },
    ]
    expect(planAnswer(sceneOf(ran))).toMatchObject({ text: 'Your order is on its way.', calls: [] })
  })

  it('does not trip over messages that are none', () => {
    expect(planAnswer(sceneOf([null, 7, 'text', {}, user(null)])).text).toBe('Are you still there?')
  })
})
