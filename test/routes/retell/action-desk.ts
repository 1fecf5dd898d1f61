import { startRetellCall } from '../../support/retell-simulator.ts'
import { startTurnstate } from '../../support/turnstate.ts'

type Json = Readonly<Record<string, unknown>>

export const ACTIONS = {
  hang_up: { type: 'end_call', description: 'When all is said.', no_interruption_allowed: true },
  to_desk: { type: 'transfer_call', number: '+4711111111', show_transferee_as_caller: true },
  to_branch: { type: 'transfer_call', number: '{{branch}}' },
  to_anybody: { type: 'transfer_call', pattern: '\\+47\\d{8}' },
  to_one_of: { type: 'transfer_call', allow: ['+4722222222', 'sip:100@10.0.0.7'] },
  press: { type: 'press_digit' },
  slow_down: { type: 'update_agent', agent_config: { responsiveness: 0.2 } },
  show_map: {
    type: 'metadata',
    parameters: { type: 'object', properties: { place: { type: 'string' } } },
    metadata: { kind: 'map' },
  },
}

export const FLOW = {
  starting_state: 'desk',
  variables: { branch: {} },
  states: {
    desk: {
      edges: [
        { to: 'shown', when: { type: 'result', tool: 'show_map', status: 'ok' } },
        { to: 'unable', when: { type: 'result', tool: 'hang_up', status: 'failed' } },
      ],
    },
    shown: { state_prompt: 'The map is there.' },
    unable: { state_prompt: 'They stayed on the line.' },
  },
}

/** A call whose model is offered all of them. */
export async function callWith(flow: Json = {}) {
  const server = await startTurnstate({
    flow: { ...FLOW, ...flow },
    config: { retell: { first_speaker: 'caller', actions: ACTIONS } },
  })
  const call = await startRetellCall(server.url)
  await call.spoken(0)
  return { ...server, call }
}
export const calling = (name: string, args: object = {}, say = '') => ({
  say,
  calls: [{ name, arguments: args }],
})
