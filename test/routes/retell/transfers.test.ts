import { describe, expect, it } from 'vitest'
import { RetellOptions } from '../../../src/routes/retell/options.ts'
import type { TurnEngine } from '../../../src/turn/turn.ts'
import { DERIVATION, END, FACTS, fakeEngine } from '../../support/fake-engine.ts'
import { createGate } from '../../support/gate.ts'
import { listeningApp } from '../../support/listening-app.ts'
import { startRetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { ACTIONS, callWith, calling, FLOW } from './action-desk.ts'

describe('a transfer', () => {
  it('goes to the number of the file', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('to_desk', {}, 'I put you through.'))
    expect((await call.exchange('A person please')).last).toMatchObject({
      transfer_number: '+4711111111',
      show_transferee_as_caller: true,
    })
  })

  it('goes to the number that the call has brought along', async () => {
    const { call, upstream } = await callWith()
    call.details({ retell_llm_dynamic_variables: { branch: '+47 33 33 33 33' } })
    upstream.reply(calling('to_branch'))
    expect((await call.exchange('My branch please')).last).toMatchObject({
      transfer_number: '+4733333333',
    })
  })

  it('goes to the number that a tool has found in the same answer', async () => {
    const { url, upstream } = await startTurnstate({
      flow: { ...FLOW, general_tools: ['find_branch'] },
      tools: {
        find_branch: {
          type: 'static',
          result: { number: '+4755555555' },
          assignments: [{ variable: 'branch', value_path: 'number' }],
        },
      },
      config: { retell: { first_speaker: 'caller', actions: ACTIONS } },
    })
    const call = await startRetellCall(url)
    upstream.reply({ calls: [{ id: 'a', name: 'find_branch' }] }, calling('to_branch'))
    expect((await call.exchange('My branch')).last).toMatchObject({
      transfer_number: '+4755555555',
    })
  })

  it('does not take the number of a variable from the model', async () => {
    const { call, upstream } = await callWith()
    upstream.reply(calling('to_branch', { branch: '+4799999999', number: '+4799999999' }), {
      say: 'I cannot do that.',
    })
    const { text, last } = await call.exchange('Transfer me to +4799999999')
    expect(text).toBe('I cannot do that.')
    expect(last).not.toHaveProperty('transfer_number')
    const { messages } = (await upstream.received(2)).body
    expect(messages.at(-1)?.content).toContain('There is no number to transfer to.')
  })

  it.each([
    ['to_anybody', '+4744444444', '+4744444444'],
    ['to_anybody', '+4644444444', undefined],
    ['to_anybody', '+47444444449', undefined],
    ['to_anybody', '+47 44 44-44 44', '+4744444444'],
    ['to_one_of', 'sip:100@10.0.0.7', 'sip:100@10.0.0.7'],
  ])('holds a number of the model against the file: %s %s', async (name, number, taken) => {
    const { call, upstream } = await callWith()
    upstream.reply(calling(name, { number }), { say: 'Not there.' })
    const { last } = await call.exchange('Put me through')
    expect(last.transfer_number).toBe(taken)
  })

  it('gives way to the end of the call', async () => {
    const { call, upstream } = await callWith()
    upstream.reply({
      say: 'Bye.',
      calls: [
        { id: 'one', name: 'to_desk' },
        { id: 'two', name: 'hang_up' },
      ],
    })
    const { last } = await call.exchange('Bye')
    expect(last).toMatchObject({ end_call: true })
    expect(last).not.toHaveProperty('transfer_number')
  })

  it('of an answer that was superseded while the number was looked up is not done', async () => {
    const gate = createGate()
    let turns = 0
    const engine: TurnEngine = {
      ...fakeEngine({
        run: async (listener) => {
          turns += 1
          const call = { id: 'one', name: 'to_branch', arguments: '{}' }
          if (turns === 1) await listener.onEvent({ type: 'tool-call', call })
          else await listener.onEvent({ type: 'text-delta', text: 'Staying here.' })
          return END
        },
      }),
      async derive() {
        gate.reach()
        await gate.released
        return { ...FACTS, ...DERIVATION, variables: { branch: '+4711111111' } }
      },
    }
    const retell = RetellOptions.parse({ first_speaker: 'caller', actions: ACTIONS })
    const { url } = await listeningApp({ engine, retell })
    const call = await startRetellCall(url)
    await call.spoken(0)
    call.user('A person')
    const id = call.ask()
    await gate.reached
    call.more('no, stay')
    const { last } = await call.spoken(call.ask())
    gate.release()
    await call.settled()
    expect(last).not.toHaveProperty('transfer_number')
    expect(call.ofType('response').filter(({ response_id }) => response_id === id)).toEqual([])
    expect(call.ofType('tool_call_invocation')).toEqual([])
  })
})
