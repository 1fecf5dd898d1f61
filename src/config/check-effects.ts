import { effectOf } from '../flow/tool-definition.ts'
import { suggestion } from '../flow/near-name.ts'
import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** What would keep a tool from being run, or undone, as its author means it. */
export function checkEffects({ auth, store, tools }: ConfigFile): readonly Found[] {
  const ofTools = Object.entries(tools).flatMap(([name, { compensate }]) => {
    if (!compensate) return []
    const message = compensateProblem(tools, name, compensate.tool)
    return message === null ? [] : [{ path: ['tools', name, 'compensate', 'tool'], message }]
  })
  if (store.type !== 'redis' || auth.signing_secret !== undefined) return ofTools
  const message =
    'must be set with store: redis, and be the same for all instances: keys of effects and state tokens are made with it'
  return [...ofTools, { path: ['auth', 'signing_secret'], message }]
}

function compensateProblem(tools: ConfigFile['tools'], name: string, undo: string): string | null {
  const tool = Object.hasOwn(tools, undo) ? tools[undo] : undefined
  if (!tool) {
    const near = suggestion(undo, Object.keys(tools))
    return `there is no tool ${JSON.stringify(undo)}, so nothing could be undone${near}`
  }
  if (undo === name) return 'is the tool itself; a tool cannot undo what it does'
  if (tool.commit === 'confirmed') {
    return 'has commit: confirmed, but nobody is there to confirm an undo'
  }
  return null
}

/** Settings of a tool that do nothing, as it is. */
export function lintEffects({ conversation, store, tools }: ConfigFile): readonly Found[] {
  const hasKey = conversation.key.length > 0
  return Object.entries(tools).flatMap(([name, tool]) => {
    const path = ['tools', name]
    const isRead = effectOf(tool) === 'read'
    // An MCP server may say that its tool only reads.
    const mayRead = isRead || (tool.type === 'mcp' && tool.effect === undefined)
    const found: Found[] = []
    const warn = (key: string, message: string) => found.push({ path: [...path, key], message })
    if (!isRead && !hasKey) {
      const message =
        'will always be refused: it writes, and conversation.key names no source of a key'
      found.push({ path, message })
    }
    if (isRead && tool.commit !== undefined) {
      warn('commit', 'has no effect: the tool only reads, and runs when it is called')
    }
    if (isRead && tool.compensate) warn('compensate', 'has no effect: the tool only reads')
    if (tool.compensate && store.type === 'none') {
      warn('compensate', 'has no effect with store: none: nobody remembers what was done')
    }
    if (tool.readback !== undefined && tool.commit !== 'confirmed') {
      warn('readback', 'has no effect: only commit: confirmed reads back')
    }
    if (tool.prefetch && !mayRead) {
      warn('prefetch', 'has no effect: what changes something is never run ahead')
    }
    if (tool.settle_ms !== undefined && (isRead || tool.commit === 'immediate')) {
      warn('settle_ms', 'has no effect: the tool runs when it is called')
    }
    return found
  })
}
