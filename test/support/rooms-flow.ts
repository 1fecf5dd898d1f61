import { startHeldWebhook } from './held-webhook.ts'
import { startPacedTurnstate } from './paced-model.ts'
import { startTurnstate } from './turnstate.ts'
import type { Reply } from './upstream-server.ts'

type Json = Readonly<Record<string, unknown>>

/** Three states, from each of which the model can lead to the others. */
const FLOW = {
  starting_state: 'a',
  general_tools: ['book'],
  states: Object.fromEntries(
    ['a', 'b', 'c'].map((name, _, all) => [
      name,
      {
        state_prompt: `You are in ${name}.`,
        edges: all
          .filter((other) => other !== name)
          .map((to) => ({ to, when: { type: 'llm', description: `Go to ${to}` } })),
      },
    ]),
  ),
}

/** The webhook of `book` is answered at once unless the test holds it. */
async function startRoomsWith<Server>(
  start: (options: Parameters<typeof startTurnstate>[0]) => Promise<Server>,
  config: Json,
) {
  const webhook = await startHeldWebhook({ id: 'booking-7' })
  const server = await start({
    flow: FLOW,
    tools: {
      book: { type: 'webhook', url: `${webhook.url}/bookings`, commit: 'immediate' },
    },
    config: { webhooks: { allow_hosts: ['127.0.0.1'] }, ...config },
  })
  return { ...server, webhook }
}

/** A whole server with three rooms and a tool that books, in front of a queue of answers. */
export async function startRooms(config: Json = {}) {
  const rooms = await startRoomsWith(startTurnstate, config)
  rooms.webhook.release()
  return rooms
}

/** The same in front of a paced model; the webhook waits for its release. */
export const startPacedRooms = (config: Json = {}) => startRoomsWith(startPacedTurnstate, config)

/** Two steps of the model: it goes to the state, then says something there. */
export const goTo = (state: string, say: string): readonly Reply[] => [
  { calls: [{ name: `transition_to_${state}`, arguments: {} }] },
  { say },
]
