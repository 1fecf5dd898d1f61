import { startTurnstate } from '../../support/turnstate.ts'
import { API_KEY, dialEngine } from './platform.ts'

const FLOW = {
  starting_state: 'lost',
  states: {
    lost: {
      state_prompt: 'Find out where they want to go. Reference: {{extra.call.conversation_id}}.',
      edges: [{ to: 'found', when: { type: 'llm', description: 'They said it.' } }],
      on_silence: { say: 'Are you still there?', max: 2 },
    },
    found: { state_prompt: 'They told where.' },
  },
}

/** A whole server, and a conversation of the Speech Engine with it. */
export async function startDesk(config: object = {}, flow: object = FLOW) {
  const turnstate = await startTurnstate({
    flow: { ...flow },
    config: { elevenlabs: { api_key: API_KEY }, ...config },
  })
  return { ...turnstate, line: await dialEngine(turnstate.url) }
}

/** The end of an answer. */
export const final = (eventId: number) => ({
  type: 'agent_response',
  content: '',
  event_id: eventId,
  is_final: true,
})
