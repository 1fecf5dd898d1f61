import { startTurnstate } from './turnstate.ts'

const went = (tool: string, to: string) => ({ to, when: { type: 'result', tool, status: 'ok' } })

const FLOW = {
  general_prompt: 'Reference: {{extra.call_ref}}.',
  starting_state: 'lost',
  states: {
    lost: {
      state_prompt: 'Find out where they want to go.',
      edges: [went('show_map', 'shown'), went('lose_map', 'twice'), went('order_taxi', 'twice')],
    },
    // A result that counts twice, or counts though it failed, ends where nobody may come.
    shown: { state_prompt: 'They look at the map.', edges: [went('show_map', 'twice')] },
    twice: { state_prompt: 'What did not happen has counted.' },
  },
}

/** A whole server whose flow goes on once the client has shown a map: from `lost` to `shown`. */
export const startMapDesk = () => startTurnstate({ flow: FLOW })
