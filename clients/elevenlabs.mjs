// ElevenLabs' client, text only: `start`, `say`, `add-context`, `end`. Events bear the names of its callbacks.
import { Conversation } from '@elevenlabs/client'
import { orders, tell } from './orders.mjs'

const TOLD = [
  'onAgentChatResponsePart',
  'onAgentResponseCorrection',
  'onAgentToolRequest',
  'onAgentToolResponse',
  'onDisconnect',
  'onError',
  'onInterruption',
  'onMessage',
  'onOutgoingEvent',
  'onPing',
]
const callbacks = Object.fromEntries(TOLD.map((name) => [name, (props) => tell(name, { props })]))

const clientTools = {
  show_map: ({ place }) => {
    tell('tool-run', { place })
    return { shown: place }
  },
  lose_map: () => {
    throw new Error('the map is gone')
  },
  keep_waiting: () => new Promise(() => {}),
}

console.warn = (message) => tell('warned', { message })

let conversation

async function start(options) {
  try {
    conversation = await Conversation.startSession({
      textOnly: true,
      clientTools,
      ...callbacks,
      ...options,
    })
    tell('started', { conversationId: conversation.getId() })
  } catch ({ name, message, closeCode }) {
    tell('refused', { name, message, closeCode })
  }
}

for await (const order of orders()) {
  if (order.do === 'start') void start(order.options)
  if (order.do === 'say') conversation.sendUserMessage(order.text)
  if (order.do === 'add-context') conversation.sendContextualUpdate(order.text)
  if (order.do === 'end') await conversation.endSession()
}
