import { startTurnstate } from './turnstate.ts'

const wasShown = (to: string) => ({ to, when: { type: 'result', tool: 'show_map', status: 'ok' } })

const FLOW = {
  starting_state: 'lost',
  states: {
    lost: { state_prompt: 'Find out where they want to go.', edges: [wasShown('shown')] },
    // A result that counts twice ends where nobody may come.
    shown: { state_prompt: 'They look at the map.', edges: [wasShown('twice')] },
    twice: { state_prompt: 'The same result counted again.' },
  },
}

/** A whole server whose flow goes on once the client has shown a map: from `lost` to `shown`. */
export const startMapDesk = () => startTurnstate({ flow: FLOW })
