import { ask, expectHeader } from '../ask.ts'
import { expectOneModelCall, expectOneToolRun } from '../count-checks.ts'
import { assistant, GREETING, ranTool, user } from '../messages.ts'
import {
  END_CALL_WITH_MESSAGE,
  END_CALL_WITH_SPEECH,
  LANGUAGE_DETECTION,
  SHOW_MAP,
  SKIP_TURN,
  toolName,
  TRANSFER_TO_AGENT,
  TRANSFER_WITH_CLIENT_MESSAGE,
  TRANSFER_WITH_SPEECH,
  WRITE_TICKET,
  type OfferedTool,
} from '../platform-tools.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { newWord } from '../unique-word.ts'

function offer(
  name: string,
  {
    title,
    tool,
    words,
  }: { readonly title: string; readonly tool: OfferedTool; readonly words: string },
): Scenario {
  return {
    number: 12,
    name,
    title,
    needs: 'script',
    play: (stage) => platformCall(stage, tool, words),
  }
}

export const TOOLS: readonly Scenario[] = [
  {
    number: 11,
    name: 'follow-up',
    title: 'A platform tool has run: its result is the last message',
    needs: 'script',
    play: (stage) => followUp(stage, { keepsToolMessages: true }),
  },
  {
    number: 11,
    name: 'follow-up-unchanged',
    title: 'A platform tool has run: the history comes again unchanged',
    needs: 'script',
    play: (stage) => followUp(stage, { keepsToolMessages: false }),
  },
  offer('end-call-message', {
    title: 'end_call with a message',
    tool: END_CALL_WITH_MESSAGE,
    words: 'Please end the call the old way.',
  }),
  offer('end-call-speech', {
    title: 'end_call with system__message_to_speak',
    tool: END_CALL_WITH_SPEECH,
    words: 'Please end the call the new way.',
  }),
  offer('end-call-incomplete', {
    title: 'The model forgets the reason of end_call',
    tool: END_CALL_WITH_MESSAGE,
    words: 'Please end the call without a reason.',
  }),
  offer('transfer-client-message', {
    title: 'transfer_to_number with client_message',
    tool: TRANSFER_WITH_CLIENT_MESSAGE,
    words: 'Please transfer me the old way.',
  }),
  offer('transfer-speech', {
    title: 'transfer_to_number with system__message_to_speak',
    tool: TRANSFER_WITH_SPEECH,
    words: 'Please transfer me the new way.',
  }),
  offer('transfer-incomplete', {
    title: 'The model forgets an argument of transfer_to_number',
    tool: TRANSFER_WITH_SPEECH,
    words: 'Please transfer me without a briefing.',
  }),
  offer('transfer-agent', {
    title: 'transfer_to_agent',
    tool: TRANSFER_TO_AGENT,
    words: 'Please transfer me to billing.',
  }),
  offer('skip-turn', { title: 'skip_turn', tool: SKIP_TURN, words: 'Please give me a moment.' }),
  offer('client-tool', {
    title: 'A client tool',
    tool: SHOW_MAP,
    words: 'Please show me the map.',
  }),
  offer('platform-webhook', {
    title: 'A webhook tool of the platform',
    tool: WRITE_TICKET,
    words: 'Please write a ticket.',
  }),
  {
    number: 12,
    name: 'unoffered',
    title: 'The model makes up a tool',
    needs: 'script',
    play: unoffered,
  },
  {
    number: 12,
    name: 'server-tool',
    title: 'A tool of the server, asked for by three identical requests',
    needs: 'script',
    play: (stage) => serverTool(stage, 'look_up_order'),
  },
  {
    number: 12,
    name: 'server-write',
    title: 'A tool of the server that changes something, asked for by three identical requests',
    needs: 'script',
    play: (stage) => serverTool(stage, 'place_order'),
  },
]

async function followUp(
  stage: Stage,
  { keepsToolMessages }: { readonly keepsToolMessages: boolean },
): Promise<void> {
  const call = stage.newCall()
  const tools = [LANGUAGE_DETECTION, SKIP_TURN]
  const asked = [GREETING, user('Please speak Spanish.')]
  const first = await ask(stage, call, {
    messages: asked,
    tools,
    calls: ['language_detection'],
    kind: 'new',
  })
  const [issued] = first.calls
  if (!issued) return
  const ran = keepsToolMessages ? ranTool(issued, { status: 'success', language: 'es' }) : []
  const next = await ask(stage, call, { messages: [...asked, ...ran], tools, kind: 'follow_up' })
  expectHeader(stage, next, { exchange: '1' })
  const word = newWord()
  await ask(stage, call, {
    messages: [...asked, ...ran, assistant(next.text), user(`Now say ${word}.`)],
    tools,
    says: word,
    kind: 'new',
  })
  expectOneModelCall(stage, call, word)
}

async function platformCall(stage: Stage, tool: OfferedTool, words: string): Promise<void> {
  const call = stage.newCall()
  const messages = [GREETING, user(words)]
  await ask(stage, call, { messages, tools: [tool], calls: [toolName(tool)], kind: 'new' })
  expectOneModelCall(stage, call, words)
}

async function unoffered(stage: Stage): Promise<void> {
  const call = stage.newCall()
  const messages = [GREETING, user('Please launch the rocket.')]
  await ask(stage, call, { messages, tools: [SKIP_TURN], kind: 'new' })
}

const ORDERS = {
  look_up_order: { words: 'What is the status of order', says: 'on its way' },
  place_order: { words: 'Please place order', says: 'placed' },
} as const

async function serverTool(stage: Stage, tool: keyof typeof ORDERS): Promise<void> {
  const call = stage.newCall()
  const order = newWord()
  const { words, says } = ORDERS[tool]
  const question = { messages: [GREETING, user(`${words} ${order}?`)] }
  const others = [call.open(question), call.open(question)]
  const answer = await ask(stage, call, question)
  const texts = (await Promise.all(others.map(({ ended }) => ended))).map(({ text }) => text)
  if (stage.isOver()) return
  if (!answer.text.includes(says)) {
    if (answer.text.includes('no tool')) {
      stage.skip(`the server offers its model no tool ${tool}`)
      return
    }
    stage.fault(
      `the result of ${tool} did not reach the caller`,
      'the caller would not know what happened',
    )
  }
  if (texts.some((text) => text !== answer.text)) {
    stage.fault('the three answers differ', 'what the caller hears would depend on chance')
  }
  expectOneModelCall(stage, call, order)
  expectOneToolRun(stage, tool, order)
}
