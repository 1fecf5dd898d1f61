import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withAcceptedCallIds } from '../../src/upstream/tool-call-ids.ts'
import type { UpstreamMessage } from '../../src/upstream/upstream.ts'

const usual = { compat: [] }
const strict = { compat: ['short_tool_call_ids' as const] }
const LONG = `toolu_${'x'.repeat(60)}`

function step(...ids: readonly string[]): readonly UpstreamMessage[] {
  const calls = ids.map((id) => ({ id, name: 'find', arguments: '{}' }))
  const results = ids.map((id, at) => ({
    role: 'tool' as const,
    callId: id,
    content: `result ${at}`,
  }))
  return [{ role: 'assistant', content: null, calls }, ...results]
}

function callIds(messages: readonly UpstreamMessage[]): readonly string[] {
  return messages.flatMap((message) =>
    message.role === 'assistant' ? (message.calls ?? []).map((call) => call.id) : [],
  )
}

function resultIds(messages: readonly UpstreamMessage[]): readonly string[] {
  return messages.flatMap((message) => (message.role === 'tool' ? [message.callId] : []))
}

describe('the ids of tool calls', () => {
  it('leave a history without calls as it is', () => {
    const messages: UpstreamMessage[] = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.', calls: [] },
    ]
    expect(withAcceptedCallIds(messages, strict)).toBe(messages)
  })

  it('stay where the endpoint takes them', () => {
    const messages = [...step('call_1', 'x'.repeat(40)), ...step('a b')]
    expect(withAcceptedCallIds(messages, usual)).toEqual(messages)
    const short = step('aB3456789')
    expect(withAcceptedCallIds(short, strict)).toEqual(short)
  })

  it('are shortened for every endpoint when they have more than 40 characters', () => {
    const sent = withAcceptedCallIds(step(LONG, 'call_1'), usual)
    expect(callIds(sent)).toEqual([expect.stringMatching(/^[a-z0-9_]{1,40}$/), 'call_1'])
    expect(resultIds(sent)).toEqual(callIds(sent))
  })

  it('become nine letters or digits where only those are taken', () => {
    const sent = withAcceptedCallIds(step('call_1', 'aB345678\n', 'ab-456789', LONG), strict)
    for (const id of callIds(sent)) expect(id).toMatch(/^[A-Za-z0-9]{9}$/)
    expect(new Set(callIds(sent)).size).toBe(4)
    expect(resultIds(sent)).toEqual(callIds(sent))
  })

  it('are the same in every request', () => {
    expect(withAcceptedCallIds(step('call_1'), strict)).toEqual(
      withAcceptedCallIds(step('call_1'), strict),
    )
  })

  it.each([usual, strict])('become unique where answers number their calls anew: %j', (options) => {
    const messages = [...step('call_0', 'call_1'), ...step('call_0'), ...step('call_0', 'call_1')]
    const sent = withAcceptedCallIds(messages, options)
    expect(new Set(callIds(sent)).size).toBe(5)
    expect(resultIds(sent)).toEqual(callIds(sent))
  })

  it('of one message follow the order of the calls when they are the same', () => {
    const sent = withAcceptedCallIds(step('call_0', 'call_0'), usual)
    expect(new Set(callIds(sent)).size).toBe(2)
    expect(resultIds(sent)).toEqual(callIds(sent))
  })

  it('differ also where a call comes with the very id that another gets', () => {
    const [made = ''] = callIds(withAcceptedCallIds(step('call_1'), strict))
    for (const messages of [
      [...step('call_1'), ...step(made)],
      [...step(made), ...step('call_1')],
    ]) {
      const sent = withAcceptedCallIds(messages, strict)
      expect(callIds(sent)[0]).toBe(made)
      expect(new Set(callIds(sent)).size).toBe(2)
      expect(resultIds(sent)).toEqual(callIds(sent))
    }
  })

  it('skip a call without a result when its id comes again', () => {
    const [unanswered] = step('call_0')
    const sent = withAcceptedCallIds(
      [...(unanswered ? [unanswered] : []), ...step('call_0')],
      usual,
    )
    expect(resultIds(sent)).toEqual(callIds(sent).slice(1))
  })

  it('fit and agree for any history, and a longer one begins with the shorter one', () => {
    const id = fc.oneof(
      fc.constantFrom('call_0', 'call_1', 'aB3456789', LONG, `${LONG}y`),
      fc.string({ unit: 'binary', maxLength: 50 }),
    )
    const steps = fc.array(fc.array(id, { minLength: 1, maxLength: 3 }), { maxLength: 8 })
    fc.assert(
      fc.property(steps, steps, fc.constantFrom(usual, strict), (earlier, later, options) => {
        const before = earlier.flatMap((ids) => step(...ids))
        const messages = [...before, ...later.flatMap((ids) => step(...ids))]
        const sent = withAcceptedCallIds(messages, options)
        const ids = callIds(sent)
        expect(new Set(ids).size).toBe(ids.length)
        expect(resultIds(sent)).toEqual(ids)
        expect(ids.filter((one) => one.length > 40)).toEqual([])
        expect(sent.slice(0, before.length)).toEqual(withAcceptedCallIds(before, options))
      }),
    )
  })
})
