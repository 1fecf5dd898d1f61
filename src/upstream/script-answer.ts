import { isRecord, parseJson } from './json-value.ts'
import type { Script, ScriptedAnswer } from './script.ts'
import type { CompletionRequest, ModelToolCall, UpstreamMessage } from './upstream.ts'

const NO_RULE_MATCHED: ScriptedAnswer = {
  say: 'I have no line for that.',
  calls: [],
  first_token_ms: 0,
  token_ms: 0,
}

/** What a scripted upstream says to one request. */
export interface PlannedAnswer extends Pick<
  ScriptedAnswer,
  'fault' | 'first_token_ms' | 'token_ms'
> {
  readonly text: string
  readonly calls: readonly ModelToolCall[]
}

interface ToolResult {
  readonly tool: string
  readonly content: string
}

/** What the rules and placeholders look at. */
interface Scene {
  readonly state: string
  readonly user: string
  readonly tail: 'user' | 'assistant' | 'tool' | 'none'
  /** The results at the tail, the last one first. */
  readonly results: readonly ToolResult[]
}

type Lookup = (path: string) => unknown

/** Chooses the first rule that matches and fills its placeholders. Pure. */
export function planAnswer(script: Script, request: CompletionRequest): PlannedAnswer {
  const scene = sceneOf(request)
  const answer = script.find((rule) => matches(rule, scene)) ?? NO_RULE_MATCHED
  const lookup = lookupFor(answer, scene)
  const firstNumber = lastCallNumber(request.messages) + 1
  return {
    ...answer,
    text: renderText(answer.say ?? '', lookup),
    calls: answer.calls.map((call, index) => ({
      id: `call_${firstNumber + index}`,
      name: call.name,
      arguments:
        typeof call.arguments === 'string'
          ? renderText(call.arguments, lookup)
          : JSON.stringify(render(call.arguments, lookup)),
    })),
  }
}

function sceneOf({ messages, state }: CompletionRequest): Scene {
  const spoken = messages.filter((message) => message.role !== 'system')
  const user = spoken.findLast((message) => message.role === 'user')
  const toolOf = new Map(
    spoken.flatMap((message) => callsOf(message).map(({ id, name }) => [id, name] as const)),
  )
  const results: ToolResult[] = []
  for (const message of spoken.toReversed()) {
    if (message.role !== 'tool') break
    results.push({ tool: toolOf.get(message.callId) ?? '', content: message.content })
  }
  return {
    state,
    user: typeof user?.content === 'string' ? user.content : '',
    tail: spoken.at(-1)?.role ?? 'none',
    results,
  }
}

function callsOf(message: UpstreamMessage): readonly ModelToolCall[] {
  return message.role === 'assistant' ? (message.calls ?? []) : []
}

/** Ids count on from what the history shows, so that none comes twice in it. */
function lastCallNumber(messages: readonly UpstreamMessage[]): number {
  const ids = messages.flatMap(callsOf).map(({ id }) => id)
  const numbers = ids.map((id) => Number(/^call_(\d{1,9})$/.exec(id)?.[1] ?? 0))
  return numbers.reduce((highest, number) => Math.max(highest, number), ids.length)
}

function matches({ when }: ScriptedAnswer, scene: Scene): boolean {
  if (when === undefined) return true
  const { state, user, tail, tool_result, result } = when
  const wantsResult = tool_result !== undefined || result !== undefined
  if (wantsResult !== (scene.tail === 'tool')) return false
  if (wantsResult && chosenResult(when, scene) === undefined) return false
  if (tail !== undefined && tail !== scene.tail) return false
  if (state !== undefined && ![state].flat().includes(scene.state)) return false
  if (user === undefined) return true
  return (wantsResult || scene.tail === 'user') && pattern(user).test(matched(scene.user))
}

/** The last result that the rule asks for. */
function chosenResult(when: ScriptedAnswer['when'], scene: Scene): ToolResult | undefined {
  const { tool_result: tool = true, result: source } = when ?? {}
  const result = source === undefined ? undefined : pattern(source)
  return scene.results.find(
    (candidate) =>
      (tool === true || tool === candidate.tool) &&
      (result === undefined || result.test(matched(candidate.content))),
  )
}

/** Bounds the work that a hostile text can cause in the author's pattern. */
const MAX_MATCHED_CHARACTERS = 2000

function matched(text: string): string {
  return text.slice(0, MAX_MATCHED_CHARACTERS)
}

function pattern(source: string): RegExp {
  return new RegExp(source, 'i')
}

function lookupFor({ when }: ScriptedAnswer, scene: Scene): Lookup {
  const match = when?.user === undefined ? null : pattern(when.user).exec(matched(scene.user))
  const content = chosenResult(when, scene)?.content ?? ''
  const result = parseJson(content) ?? content
  return (path) => {
    const [root, ...keys] = path.split('.')
    if (root === 'user') {
      return keys.length === 0 ? scene.user : (valueAt(match, keys) ?? valueAt(match?.groups, keys))
    }
    return root === 'result' ? valueAt(result, keys) : undefined
  }
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  let current = value
  for (const key of keys) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) {
      return undefined
    }
    current = (current as Readonly<Record<string, unknown>>)[key] // an own property, checked above
  }
  return current
}

const PLACEHOLDER = /\{\{\s*([^{}\s]+)\s*\}\}/g
const ONLY_PLACEHOLDER = /^\{\{\s*([^{}\s]+)\s*\}\}$/

function renderText(text: string, lookup: Lookup): string {
  return text.replace(PLACEHOLDER, (_, path: string) => {
    const value = lookup(path)
    if (value === undefined || value === null) return ''
    return typeof value === 'string' ? value : JSON.stringify(value)
  })
}

function render(value: unknown, lookup: Lookup): unknown {
  if (typeof value === 'string') {
    const path = ONLY_PLACEHOLDER.exec(value)?.[1]
    return path === undefined ? renderText(value, lookup) : lookup(path)
  }
  if (Array.isArray(value)) return value.map((item) => render(item, lookup))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, render(item, lookup)]))
}
