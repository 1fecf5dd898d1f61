import { onTestFinished } from 'vitest'
import { AgentFile } from '../../../src/emulator/agent/agent-file.ts'
import { createCustomLlm } from '../../../src/emulator/agent/create-custom-llm.ts'
import type { LlmAnswer, Question } from '../../../src/emulator/agent/custom-llm.ts'
import { startUpstreamServer, type UpstreamServer } from '../../support/upstream-server.ts'

interface Stage {
  /** The Custom LLM server. */
  readonly server: UpstreamServer
  /** What the emulator says about its tries. */
  readonly lines: readonly string[]
  /** Text that was handed on so far. */
  readonly heard: () => string
  readonly ask: (question?: Partial<Question>, signal?: AbortSignal) => Promise<LlmAnswer>
}

interface Options {
  /** Keys of the agent file. */
  readonly file?: object
  readonly timing?: { readonly cascadeTimeoutMs?: number; readonly totalMs?: number }
  /** From the server's own base URL to the one that is configured. */
  readonly toUrl?: (base: string) => string
  readonly onText?: (text: string) => void
}

/** An emulated agent's Custom LLM client and a scripted server, over real sockets. */
export async function customLlmStage({
  file,
  timing,
  toUrl,
  onText,
}: Options = {}): Promise<Stage> {
  const server = await startUpstreamServer()
  onTestFinished(() => server.close())
  const lines: string[] = []
  let heard = ''
  const llm = createCustomLlm({
    url: toUrl?.(server.url) ?? server.url,
    file: AgentFile.parse({ agent_id: 'clinic', ...file }),
    log: (line) => void lines.push(line),
    ...(timing && { timing }),
  })
  return {
    server,
    lines,
    heard: () => heard,
    ask: (question = {}, signal = new AbortController().signal) =>
      llm.answer(
        {
          conversationId: 'conv_1',
          messages: [{ role: 'user', content: 'Hello' }],
          dynamicVariables: {},
          ...question,
        },
        {
          signal,
          onText: (text) => {
            heard += text
            onText?.(text)
          },
        },
      ),
  }
}
