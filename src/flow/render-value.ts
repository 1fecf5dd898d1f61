import { renderTemplate, type Lookup } from './template.ts'

const WHOLE_PLACEHOLDER = /^\{\{\s*([^{}\s][^{}]*?)\s*\}\}$/

/** Templates at any depth; a text that is one placeholder and nothing else keeps its value's type. */
export function renderValue(value: unknown, lookup: Lookup): unknown {
  if (typeof value === 'string') {
    const path = WHOLE_PLACEHOLDER.exec(value)?.[1]
    if (path === undefined) return renderTemplate(value, lookup)
    const found = lookup(path)
    return found === undefined ? '' : found
  }
  if (Array.isArray(value)) return value.map((item) => renderValue(item, lookup))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, renderValue(item, lookup)]),
  )
}
