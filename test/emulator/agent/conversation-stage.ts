import { onTestFinished } from 'vitest'
import type { Agent, PlatformTools } from '../../../src/emulator/agent/agent.ts'
import { startConversation } from '../../../src/emulator/agent/conversation/conversation.ts'
import type { Conversation } from '../../../src/emulator/agent/conversation/conversation.ts'
import { openSession } from '../../../src/emulator/agent/conversation/session.ts'
import type { CustomLlm } from '../../../src/emulator/agent/custom-llm.ts'
import { renderPrompt } from '../../../src/emulator/agent/prompt.ts'
import { DEFAULT_TIMING, type EmulatorTiming } from '../../../src/emulator/agent/timing.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { fakeAgent, fakeTools, scriptedLlm } from './fake-agent.ts'

interface Talk extends Omit<EventLog, 'take'> {
  readonly tell: Conversation['take']
  readonly leave: () => void
  readonly say: (text: string) => void
  readonly lines: readonly string[]
  /** Code and reason. */
  readonly closed: Promise<string>
}

interface Options {
  readonly agent?: Partial<Agent>
  readonly llm?: CustomLlm
  readonly tools?: PlatformTools
  readonly timing?: Partial<EmulatorTiming>
}

/** A conversation without sockets. */
export function startTalk({ agent: own, llm, tools, timing }: Options = {}): Talk {
  const agent = fakeAgent(own)
  const conversationId = 'conv_1'
  const opening = openSession({}, { agent, conversationId, renderPrompt, startedAt: new Date() })
  if (!opening.ok) throw new Error(opening.refusal.message)
  const log = createEventLog()
  const lines: string[] = []
  let close: (how: string) => void = () => undefined
  const closed = new Promise<string>((resolve) => (close = resolve))
  const conversation = startConversation({
    agent,
    session: opening.session,
    llm: llm ?? scriptedLlm(),
    tools: tools ?? fakeTools,
    transfer: () => undefined,
    line: { send: log.take, close: (code, reason) => close(`${code} ${reason}`) },
    log: (line) => void lines.push(line),
    timing: { ...DEFAULT_TIMING, gapAfterMetadataMs: 0, ...timing },
  })
  onTestFinished(() => conversation.end())
  return {
    ...log,
    lines,
    closed,
    tell: conversation.take,
    leave: conversation.end,
    say: (text) => conversation.take({ type: 'user_message', text }),
  }
}
