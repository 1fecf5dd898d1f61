import { TurnstateError } from '../../src/errors.ts'
import type { ToolOutcome, ToolRunner } from '../../src/tools/tool-runner.ts'
import type {
  Completion,
  CompletionRequest,
  ModelToolCall,
  Upstream,
} from '../../src/upstream/upstream.ts'

/** One model call, which does nothing but what the test says. */
export interface ModelCall {
  readonly by: string
  readonly request: CompletionRequest
  /** It has neither ended nor been aborted. */
  readonly isOpen: () => boolean
  readonly say: (text: string) => void
  readonly end: (...calls: readonly Wished[]) => void
  readonly fail: () => void
}

type Wished = Pick<ModelToolCall, 'name'> & {
  readonly args?: Readonly<Record<string, unknown>>
}

/** One run of a tool that changes something. */
interface Run {
  readonly by: string
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  /** The `Idempotency-Key`. */
  readonly key: string
  readonly isOpen: () => boolean
  readonly finish: (outcome: ToolOutcome) => void
}

/** What all instances meet outside: one model and one world, which go on as the test wants. */
export interface Desk {
  readonly calls: readonly ModelCall[]
  readonly runs: readonly Run[]
  /** The model call with this number, from 1; waits until it has begun. */
  readonly call: (number: number) => Promise<ModelCall>
  readonly run: (number: number) => Promise<Run>
  readonly upstreamOf: (instance: string) => Upstream
  readonly toolsOf: (instance: string) => ToolRunner
}

const LIMIT_MS = 10_000

export function createDesk(): Desk {
  const calls: ModelCall[] = []
  const runs: Run[] = []
  let ids = 0
  return {
    calls,
    runs,
    call: (number) => arrived(calls, number),
    run: (number) => arrived(runs, number),
    upstreamOf: (by) => ({
      name: 'desk',
      isUsable: () => true,
      close: async () => undefined,
      complete: (request, { signal, onText }) =>
        new Promise<Completion>((resolve, reject) => {
          let text = ''
          let isOpen = true
          const close = (then: () => void) => {
            isOpen = false
            then()
          }
          const leave = () => close(() => reject(signal.reason as Error)) // the engine's, an error
          signal.addEventListener('abort', leave, { once: true })
          if (signal.aborted) leave()
          calls.push({
            by,
            // The engine adds to its messages later.
            request: { ...request, messages: [...request.messages] },
            isOpen: () => isOpen,
            say(more) {
              text += more
              void onText(more)
            },
            end: (...wished) =>
              close(() => {
                const made = wished.map(({ name, args = {} }) => {
                  return { id: `call_${++ids}`, name, arguments: JSON.stringify(args) }
                })
                const finishReason = made.length > 0 ? 'tool_calls' : 'stop'
                resolve({ text, calls: made, finishReason })
              }),
            fail: () => close(() => reject(new TurnstateError('upstream_failed', 'No answer.'))),
          })
        }),
    }),
    toolsOf: (by) => ({
      offer: (name) => ({ name, parameters: {} }),
      effectOf: () => 'write',
      parseArguments: (_tool, text) => ({
        ok: true,
        value: JSON.parse(text) as Readonly<Record<string, unknown>>, // the test wrote it
      }),
      run: (tool, args, { idempotencyKey: key = '' }) =>
        new Promise((resolve) => {
          let isOpen = true
          const finish = (outcome: ToolOutcome) => {
            isOpen = false
            resolve(outcome)
          }
          runs.push({ by, tool, args, key, isOpen: () => isOpen, finish })
        }),
      mcpServers: () => ({}),
      close: async () => undefined,
    }),
  }
}

/** The member with this number, from 1, once it is there. */
async function arrived<Member>(members: readonly Member[], number: number): Promise<Member> {
  const until = performance.now() + LIMIT_MS
  for (;;) {
    const member = members[number - 1]
    if (member !== undefined) return member
    if (performance.now() > until) throw new Error(`number ${number} never came`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

export function done(ref: string): ToolOutcome {
  return { status: 'ok', content: ref, value: { ref } }
}

/** What the model was told at the end: of its last call, or by the caller. */
export function lastMessage({ request }: ModelCall): string {
  const content = request.messages.at(-1)?.content
  return typeof content === 'string' ? content : ''
}

export function systemOf({ request }: ModelCall): string {
  const content = request.messages.find(({ role }) => role === 'system')?.content
  return typeof content === 'string' ? content : ''
}
