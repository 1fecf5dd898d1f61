import { isRecord, parseJson, valueAt } from './json.ts'
import { TRIGGERED_ANSWERS, type TriggeredAnswer } from './trigger-phrases.ts'

/** What matters of a chat-completions request to a model that follows the rehearsal. */
export interface Scene {
  readonly tail: 'user' | 'assistant' | 'tool' | 'none'
  /** The last user text; empty if there is none. */
  readonly user: string
  /** The result at the tail, and whose it is. */
  readonly result: { readonly tool: string; readonly content: string } | null
}

export interface PlannedAnswer {
  readonly text: string
  readonly calls: readonly { readonly name: string; readonly arguments: string }[]
  readonly firstTokenMs: number
  readonly tokenMs: number
  readonly fault: TriggeredAnswer['fault']
}

export function sceneOf(messages: readonly unknown[]): Scene {
  const spoken = messages.filter(isRecord).filter(({ role }) => !isInstruction(role))
  const last = spoken.at(-1)
  const user = textOf(spoken.findLast(({ role }) => role === 'user')?.content)
  if (!last) return { tail: 'none', user, result: null }
  if (last.role !== 'tool') {
    return { tail: last.role === 'assistant' ? 'assistant' : 'user', user, result: null }
  }
  const tool = toolNames(spoken).get(last.tool_call_id) ?? ''
  return { tail: 'tool', user, result: { tool, content: textOf(last.content) } }
}

/** Chooses the first rule that fits and fills its placeholders. Pure. */
export function planAnswer(scene: Scene): PlannedAnswer {
  const rule = TRIGGERED_ANSWERS.find(({ when }) => fits(when, scene))
  const match = rule?.when.user === undefined ? null : pattern(rule.when.user).exec(scene.user)
  const result = parseJson(scene.result?.content ?? '')
  const fill = (text: string) =>
    text.replace(/\{\{([^}]+)\}\}/g, (_, path: string) => {
      if (path === 'user') return scene.user
      if (path.startsWith('user.')) return match?.[Number(path.slice(5))] ?? ''
      const value = valueAt(result, path.split('.').slice(1))
      return typeof value === 'string' ? value : ''
    })
  return {
    text: fill(rule?.say ?? ''),
    calls: (rule?.calls ?? []).map(({ name, arguments: args }) => ({
      name,
      arguments: fill(JSON.stringify(args)),
    })),
    firstTokenMs: rule?.firstTokenMs ?? 0,
    tokenMs: rule?.tokenMs ?? 0,
    fault: rule?.fault,
  }
}

function fits(when: TriggeredAnswer['when'], { tail, user, result }: Scene): boolean {
  if ((when.toolResult !== undefined) !== (result !== null)) return false
  if (result !== null) {
    if (when.toolResult !== true && when.toolResult !== result.tool) return false
    return when.result === undefined || pattern(when.result).test(result.content)
  }
  if (when.tail !== undefined) return when.tail === tail
  return when.user === undefined || (tail === 'user' && pattern(when.user).test(user))
}

function pattern(source: string): RegExp {
  return new RegExp(source, 'i')
}

function isInstruction(role: unknown): boolean {
  return role === 'system' || role === 'developer'
}

function toolNames(messages: readonly Readonly<Record<string, unknown>>[]): Map<unknown, string> {
  const calls = messages.flatMap(({ tool_calls: list }): readonly unknown[] =>
    Array.isArray(list) ? list : [],
  )
  return new Map(
    calls.map((entry) => [valueAt(entry, ['id']), textOf(valueAt(entry, ['function', 'name']))]),
  )
}

/** Texts of a message: a string, or parts of type text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: unknown) => valueAt(part, ['text']))
    .filter((text) => typeof text === 'string')
    .join('')
}
