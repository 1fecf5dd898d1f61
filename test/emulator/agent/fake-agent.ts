import type { Agent, AgentTool, PlatformTools } from '../../../src/emulator/agent/agent.ts'
import { AgentFile, toAgent } from '../../../src/emulator/agent/agent-file.ts'
import type {
  AnswerListener,
  CustomLlm,
  LlmAnswer,
  Question,
} from '../../../src/emulator/agent/custom-llm.ts'
import { createGate, type Gate } from '../../support/gate.ts'

/** An agent with every switch as an agent file has it by default; `own` takes the place of the rest. */
export function fakeAgent(own: Partial<Agent> = {}): Agent {
  const agent = toAgent(
    AgentFile.parse({
      agent_id: 'clinic',
      first_message: 'Clinic, hello!',
      prompt: 'You answer the phone. CALL_ID={{system__conversation_id}}',
      system_tools: ['end_call', 'skip_turn'],
      client_tools: [SHOW_MAP],
    }),
  )
  return { ...agent, ...own }
}

const SHOW_MAP = {
  name: 'show_map',
  description: 'Show a map',
  parameters: {
    type: 'object',
    properties: { place: { type: 'string' } },
    required: ['place'],
  },
}

/** The agent's tools, one of them changed. */
export function withTool(name: string, own: Partial<AgentTool>): Pick<Agent, 'tools'> {
  return {
    tools: fakeAgent().tools.map((tool) => (tool.name === name ? { ...tool, ...own } : tool)),
  }
}

/** One answer: pieces of text, then calls. Or whatever a function makes of the question. */
type Scripted =
  | { readonly say?: readonly string[]; readonly calls?: readonly ScriptedCall[] }
  | ((question: Question, listener: AnswerListener) => Promise<LlmAnswer>)

interface ScriptedCall {
  readonly id?: string
  readonly name: string
  readonly arguments?: object | string
}

export interface ScriptedLlm extends CustomLlm {
  readonly questions: readonly Question[]
  /** Those without their messages' system text, as roles and contents. */
  readonly history: (number: number) => readonly unknown[]
}

/** A Custom LLM that gives these answers in order; after them it says "Yes." */
export function scriptedLlm(...answers: readonly Scripted[]): ScriptedLlm {
  const questions: Question[] = []
  return {
    questions,
    history: (number) => questions[number - 1]?.messages.slice(1) ?? [],
    answer: async (question, listener) => {
      questions.push(question)
      const answer = answers[questions.length - 1] ?? { say: ['Yes.'] }
      if (typeof answer === 'function') return answer(question, listener)
      for (const piece of answer.say ?? []) listener.onText(piece)
      return { text: (answer.say ?? []).join(''), calls: (answer.calls ?? []).map(toCall) }
    },
  }
}

function toCall({ id = 'call_1', name, arguments: args = {} }: ScriptedCall) {
  return { id, name, arguments: typeof args === 'string' ? args : JSON.stringify(args) }
}

/** An answer that says something and then stalls; its gate is reached once it was given up. */
export function stalled(...pieces: readonly string[]): Gate & { readonly answer: Scripted } {
  const gate = createGate()
  const answer = (_question: Question, listener: AnswerListener) => {
    for (const piece of pieces) listener.onText(piece)
    return new Promise<LlmAnswer>((_resolve, reject) => {
      listener.signal.addEventListener('abort', () => {
        gate.reach()
        reject(new Error('given up'))
      })
    })
  }
  return { ...gate, answer }
}

export function failing(errorType: 'custom_llm_error' | 'llm_timeout', reason: string): Scripted {
  const failure = { type: 'custom-llm-failure', errorType, reason }
  return () => Promise.reject(Object.assign(new Error(reason), failure))
}

/** What the platform runs itself: `end_call` ends, `skip_turn` skips, webhooks say "written". */
export const fakeTools: PlatformTools = {
  runWebhook: () => Promise.resolve({ result: 'written', isError: false }),
  runSystem: (name, argumentsText) => {
    const { message } = JSON.parse(argumentsText) as { message?: string } // a test's own arguments
    return {
      result: '{"status":"success"}',
      isError: false,
      spokenText: message ?? '',
      endsConversation: name === 'end_call',
    }
  },
}
