import { TurnstateError } from '../../src/errors.ts'
import type { ToolOutcome, ToolRunner } from '../../src/tools/tool-runner.ts'
import type { Completion, Upstream } from '../../src/upstream/upstream.ts'
import type { Script } from './instances-steps.ts'
import { uniqueWord } from './plain-caller.ts'

/** A tool's own limit. */
const TOOL_LIMIT_MS = 6000

/** What came of the runs of one key, at the world's side. */
interface Happened {
  readonly tool: string
  readonly key: string
  readonly args: Readonly<Record<string, unknown>>
  outcome: 'running' | 'ok' | 'failed' | 'unknown'
}

/** The model and the world that all instances share: they do by themselves what the script says. */
export interface World {
  readonly happened: readonly Happened[]
  /** Models that were told of something as done that was not. */
  readonly lies: readonly string[]
  /** Model calls that have neither ended nor been aborted, by instance. */
  readonly openCalls: () => readonly string[]
  readonly upstreamOf: (instance: string, isDead: () => boolean) => Upstream
  readonly toolsOf: (instance: string, isDead: () => boolean) => ToolRunner
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const forever = () => new Promise<never>(() => undefined)

export function createWorld({ models, runs }: Pick<Script, 'models' | 'runs'>): World {
  const happened: Happened[] = []
  const lies: string[] = []
  const open = new Map<number, string>()
  let calls = 0
  let tries = 0

  function checkTold(content: unknown): void {
    const key = /^done (\S+)$/.exec(typeof content === 'string' ? content : '')?.[1]
    if (key === undefined) return
    if (!happened.some((it) => it.key === key && it.outcome === 'ok')) lies.push(key)
  }

  return {
    happened,
    lies,
    openCalls: () => [...open.values()],
    upstreamOf: (by, isDead) => ({
      name: 'world',
      isUsable: () => true,
      close: async () => undefined,
      async complete(request, { signal, onText }) {
        if (isDead()) return forever()
        const number = calls++
        const plan = models[number % models.length]
        if (!plan) throw new Error('there is no plan')
        const last = request.messages.at(-1)
        for (const message of request.messages)
          if (message.role === 'tool') checkTold(message.content)
        const words = `${uniqueWord(2 * number)} ${uniqueWord(2 * number + 1)} `
        open.set(number, by)
        const answered = async (): Promise<Completion> => {
          await after(plan.afterMs)
          if (plan.does === 'stall') return forever()
          if (plan.saysFirst || plan.does === 'answer') await onText(words)
          await after(plan.afterMs)
          if (plan.does === 'fail') throw new TurnstateError('upstream_failed', 'No answer.')
          const isOver = last?.role === 'tool' || plan.does === 'answer'
          const name = request.tools.some((tool) => tool.name === plan.does) ? plan.does : null
          if (isOver || name === null) {
            await onText(words)
            return { text: words, calls: [], finishReason: 'stop' }
          }
          const call = { id: `call_${number}`, name, arguments: '{"at":"ten"}' }
          return { text: '', calls: [call], finishReason: 'tool_calls' }
        }
        try {
          return await Promise.race([answered(), aborted(signal)])
        } finally {
          open.delete(number)
        }
      },
    }),
    toolsOf: (_by, isDead) => ({
      offer: (name) => ({ name, parameters: {} }),
      effectOf: () => 'write',
      parseArguments: (_tool, text) => ({
        ok: true,
        value: JSON.parse(text) as Readonly<Record<string, unknown>>, // the model wrote it
      }),
      async run(tool, args, { idempotencyKey: key = '' }): Promise<ToolOutcome> {
        if (isDead()) return forever()
        const plan = runs[tries++ % runs.length]
        if (!plan) throw new Error('there is no plan')
        if (plan.outcome === 'unsent') {
          await after(plan.afterMs)
          return { status: 'failed', content: 'not sent', sent: false }
        }
        const entry: Happened = { tool, key, args, outcome: 'running' }
        happened.push(entry)
        if (plan.outcome === 'never') {
          await after(TOOL_LIMIT_MS)
          entry.outcome = 'unknown'
          return { status: 'unknown', content: 'no answer' }
        }
        await after(plan.afterMs)
        entry.outcome = plan.outcome
        return plan.outcome === 'ok'
          ? { status: 'ok', content: `done ${key}`, value: { ref: key } }
          : { status: 'failed', content: 'it did not work' }
      },
      mcpServers: () => ({}),
      close: async () => undefined,
    }),
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(signal.reason as Error) // the engine's, an error
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
  })
}
