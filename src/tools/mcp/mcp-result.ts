import type { CallToolResult } from '@modelcontextprotocol/client'
import type { ToolResult } from '../tool-outcome.ts'

const MAX_NAME_LENGTH = 100

/** What came back: the structured content if there is any, else the text, as JSON where it is JSON. */
export function toToolResult({ content, structuredContent }: CallToolResult): ToolResult {
  const text = textOf(content)
  if (structuredContent !== undefined) {
    return {
      value: structuredContent,
      text: text === '' ? JSON.stringify(structuredContent) : text,
    }
  }
  return text === '' ? { value: '', text: 'ok' } : { value: parsed(text), text }
}

/** What the model can read of it; pictures, sounds and files are only named. */
export function textOf(content: CallToolResult['content']): string {
  return content
    .map((part) => (part.type === 'text' ? part.text : `[${nameOf(part)}]`))
    .filter((text) => text !== '')
    .join('\n')
}

function nameOf(part: Exclude<CallToolResult['content'][number], { type: 'text' }>): string {
  switch (part.type) {
    case 'image':
    case 'audio':
      return `${part.type}: ${shortened(part.mimeType)}`
    case 'resource_link':
      return `resource: ${shortened(part.name)}`
    case 'resource':
      return `resource: ${shortened(part.resource.mimeType ?? 'no type given')}`
  }
}

function shortened(name: string): string {
  return name.replace(/[\p{C}[\]]/gu, '').slice(0, MAX_NAME_LENGTH)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
