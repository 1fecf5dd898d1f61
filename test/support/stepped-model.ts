import { TurnstateError } from '../../src/errors.ts'
import type { ToolOutcome, ToolRunner } from '../../src/tools/tool-runner.ts'
import type {
  Completion,
  CompletionRequest,
  ModelToolCall,
  Upstream,
} from '../../src/upstream/upstream.ts'

/** One model call, which does nothing but what the test says. */
export interface Generation {
  /** Number of the request that it answers; see `systemText`. */
  readonly ask: number
  readonly offers: (tool: string) => boolean
  /** It has neither ended nor been aborted. */
  readonly isOpen: () => boolean
  /** Its last words were not taken yet. */
  readonly isPaused: () => boolean
  readonly say: (text: string) => void
  readonly end: (calls: readonly ModelToolCall[]) => void
  readonly fail: () => void
}

/** One run of a server tool. */
export interface ToolRun {
  readonly ask: number
  readonly args: Readonly<Record<string, unknown>>
  readonly isOpen: () => boolean
  readonly finish: (outcome: ToolOutcome) => void
}

/** What the platform's system message says, so that the model knows which request it answers. */
export function systemText(ask: number): string {
  return `This is request ${ask}.`
}

function askOf({ messages }: CompletionRequest): number {
  const system = messages.find(({ role }) => role === 'system')?.content
  return Number(/request (\d+)\./.exec(typeof system === 'string' ? system : '')?.[1])
}

interface SteppedModel extends Upstream {
  readonly generations: readonly Generation[]
  /** The model call with this number, from 1; waits until it has begun. */
  readonly begun: (number: number) => Promise<Generation>
}

/** A model that goes on step by step, as the test wants. */
export function createSteppedModel(): SteppedModel {
  const generations: Generation[] = []
  return {
    name: 'stepped',
    generations,
    async begun(number) {
      for (;;) {
        const generation = generations[number - 1]
        if (generation) return generation
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    isUsable: () => true,
    close: async () => undefined,
    complete: (request, { signal, onText }) =>
      new Promise<Completion>((resolve, reject) => {
        let text = ''
        let isOpen = true
        let isPaused = false
        const close = (then: () => void) => {
          isOpen = false
          then()
        }
        const leave = () => close(() => reject(signal.reason as Error)) // the engine's, an error
        signal.addEventListener('abort', leave, { once: true })
        generations.push({
          ask: askOf(request),
          offers: (name) =>
            request.toolChoice !== 'none' && request.tools.some((tool) => tool.name === name),
          isOpen: () => isOpen,
          isPaused: () => isPaused,
          say(more) {
            text += more
            const taken = onText(more)
            isPaused = taken !== undefined
            void taken?.then(() => (isPaused = false))
          },
          end: (calls) =>
            close(() =>
              resolve({ text, calls, finishReason: calls.length > 0 ? 'tool_calls' : 'stop' }),
            ),
          fail: () => close(() => reject(new TurnstateError('upstream_failed', 'No answer.'))),
        })
      }),
  }
}

interface SteppedTools extends ToolRunner {
  readonly runs: readonly ToolRun[]
}

/** Tools that run until the test ends them. The request's extra body says which one they run for. */
export function createSteppedTools(): SteppedTools {
  const runs: ToolRun[] = []
  return {
    runs,
    offer: (name) => ({ name, parameters: {} }),
    effectOf: () => 'write',
    parseArguments: (_tool, text) => ({
      ok: true,
      value: JSON.parse(text) as Readonly<Record<string, unknown>>, // the test wrote it
    }),
    run: (_tool, args, { values }) =>
      new Promise((resolve) => {
        const extra = values.extra as { readonly ask: number } // the test sent it
        let isOpen = true
        const finish = (outcome: ToolOutcome) => {
          isOpen = false
          resolve(outcome)
        }
        runs.push({ ask: extra.ask, args, isOpen: () => isOpen, finish })
      }),
    mcpServers: () => ({}),
    close: async () => undefined,
  }
}
