import { describe, expect, it } from 'vitest'
import { shown, told } from '../../support/asked-of-model.ts'
import { callWith, calling } from './action-desk.ts'

describe('an action', () => {
  it('is offered to the model under its own name, as far as the flow allows', async () => {
    const { call, upstream } = await callWith({ platform_tools: { allow: ['hang_up', 'press'] } })
    upstream.reply({ say: 'Yes?' })
    await call.exchange('Hello')
    expect((await upstream.received(1)).body.tools).toMatchObject([
      { function: { name: 'hang_up', description: 'When all is said.' } },
      { function: { name: 'press', parameters: { required: ['digit'] } } },
    ])
  })

  it('ends the call with the last words, which nobody may speak over', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('hang_up', {}, 'Goodbye then.'))
    const { text, last } = await call.exchange('Bye')
    expect(text).toBe('Goodbye then.')
    expect(last).toMatchObject({ content: '', end_call: true, no_interruption_allowed: true })
    expect(upstream.requests).toHaveLength(1)
  })

  it('ends the call without a word', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('hang_up'))
    const { text, last } = await call.exchange('Bye')
    expect(text).toBe('')
    expect(last).toMatchObject({ end_call: true })
  })

  it('is wished for anew where the answer was not heard', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('hang_up', {}, 'Goodbye then.'))
    call.user('Bye')
    await call.spoken(call.ask())
    // Nothing of it was spoken: the same transcript comes again, and Retell has forgotten the wish.
    expect(await call.spoken(call.ask())).toMatchObject({
      text: 'Goodbye then.',
      last: { end_call: true },
    })
  })

  it('that was discarded as the caller went on is told as not done, and opens its edge', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('hang_up', {}, 'Goodbye then.'), { say: 'What else?' })
    call.user('Bye')
    await call.spoken(call.ask())
    call.heard('Goodbye')
    call.add(
      {
        role: 'tool_call_invocation',
        tool_call_id: 'call_test_1',
        name: 'hang_up',
        arguments: '{}',
      },
      { role: 'tool_call_result', tool_call_id: 'call_test_1', content: '{"status":"ok"}' },
    )
    await call.exchange('No, wait')
    const asked = await upstream.received(2)
    expect(JSON.stringify(asked.body.messages)).toContain('the caller went on speaking')
    expect(told(asked)).toContain('They stayed on the line.')
  })

  it('presses a key with the last words of an answer that goes on under its number', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('press', { digit: '#' }, 'One moment.'), { say: 'I pressed it.' })
    const { text, last } = await call.exchange('For sales press hash')
    expect(text).toBe('One moment. I pressed it.')
    expect(last).toMatchObject({ response_id: 1, digit_to_press: '#' })
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-1)).toMatchObject({ role: 'tool', content: '{"status":"ok"}' })
  })

  it('presses one key with each answer', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(
      calling('press', { digit: '1' }),
      { calls: [{ id: 'second', name: 'press', arguments: { digit: '2' } }] },
      { say: 'Waiting.' },
    )
    expect((await call.exchange('Press one, then two')).last).toMatchObject({
      digit_to_press: '1',
    })
    const { messages } = (await upstream.received(3)).body
    expect(messages.at(-1)?.content).toContain('One answer presses one key.')
  })

  it('tells the page of a web call, and the answer goes on', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('show_map', { place: 'Oslo', kind: 'forged', other: 1 }), {
      say: 'There it is.',
    })
    expect(await call.exchange('Where are you?')).toMatchObject({ text: 'There it is.' })
    expect(call.ofType('metadata')).toEqual([
      { response_type: 'metadata', metadata: { place: 'Oslo', kind: 'map' } },
    ])
    expect(told(await upstream.received(2))).toContain('The map is there.')
  })

  it('is seen in the transcript, and the flow stands where it led', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('show_map', { place: 'Oslo' }), { say: 'There it is.' })
    call.user('Where are you?')
    await call.spoken(call.ask())
    const [invocation] = call.ofType('tool_call_invocation')
    const [result] = call.ofType('tool_call_result')
    expect(invocation).toMatchObject({ name: 'show_map' })
    expect(result).toMatchObject({ tool_call_id: invocation?.tool_call_id, successful: true })
    const id = String(invocation?.tool_call_id)
    call.add(
      {
        role: 'tool_call_invocation',
        tool_call_id: id,
        name: 'show_map',
        arguments: String(invocation?.arguments),
      },
      { role: 'tool_call_result', tool_call_id: id, content: String(result?.content) },
    )
    call.heard('There it is.')
    upstream.reply({ say: 'Bye.' })
    await call.exchange('Thanks')
    const asked = await upstream.received(3)
    expect(told(asked)).toContain('The map is there.')
    expect(shown(asked).map((line) => line.split(':')[0])).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ])
  })

  it('changes how the agent listens', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('slow_down'), { say: 'Take your time.' })
    expect(await call.exchange('Not so fast')).toMatchObject({ text: 'Take your time.' })
    expect(call.ofType('update_agent')).toEqual([
      { response_type: 'update_agent', agent_config: { responsiveness: 0.2 } },
    ])
  })

  it('cannot keep an answer going for ever', async () => {
    const { call, upstream } = await callWith()
    let count = 0
    upstream.always(({ body }) => {
      count += 1
      return (body.tools ?? []).some((tool) => tool.function.name === 'slow_down')
        ? { calls: [{ id: `call_${count}`, name: 'slow_down' }] }
        : { say: 'Enough.' }
    })
    expect(await call.exchange('Slower')).toMatchObject({ text: 'Enough.' })
    expect(call.ofType('update_agent')).toHaveLength(3)
  })

  it('is followed by nothing more once the caller goes on', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(
      calling('show_map', { place: 'Oslo' }, 'One moment.'),
      { say: 'There it', fault: 'stall' },
      { say: 'In Bergen, then.' },
    )
    call.user('Where are you')
    const id = call.ask()
    await upstream.received(2)
    call.more('in Bergen')
    expect(await call.spoken(call.ask())).toMatchObject({ text: 'In Bergen, then.' })
    const ends = call.ofType('response').filter((frame) => frame.content_complete)
    expect(ends.map(({ response_id }) => response_id)).not.toContain(id)
  })

  it('of an answer that was superseded while it was worked out is not done', async () => {
    const { call, upstream } = await callWith()
    upstream.reply({ say: 'I put you', fault: 'stall' }, { say: 'Staying here.' })
    call.user('A person')
    await call.firstWords(call.ask())
    call.more('no, stay')
    const { last } = await call.spoken(call.ask())
    expect(last).not.toHaveProperty('transfer_number')
    expect(call.ofType('tool_call_invocation')).toEqual([])
  })
})
