import type { OfferedTool } from './upstream.ts'

const kept = new WeakMap<OfferedTool, string>()

/** The tool as the wire has it. */
export function toolJson(tool: OfferedTool): string {
  return kept.get(tool) ?? encode(tool)
}

/** For a tool that many requests offer: its JSON is made once. */
export function keepToolJson(tool: OfferedTool): void {
  if (!kept.has(tool)) kept.set(tool, encode(tool))
}

function encode({ name, description, parameters, strict }: OfferedTool): string {
  return JSON.stringify({ type: 'function', function: { name, description, parameters, strict } })
}
