import { valueAt } from './value-at.ts'

/** Gives the value of a template's path; undefined renders empty. */
export type Lookup = (path: string) => unknown

const PLACEHOLDER = /\{\{([^{}]+)\}\}/g

/** Replaces each `{{path}}`; `encode` is applied to what is put in (`encodeURIComponent`). */
export function renderTemplate(
  template: string,
  lookup: Lookup,
  encode: (text: string) => string = (text) => text,
): string {
  if (!template.includes('{{')) return template
  return template.replace(PLACEHOLDER, (whole, inner: string) => {
    const path = inner.trim()
    return path === '' ? whole : encode(toText(lookup(path)))
  })
}

/** The paths that a template uses, for checks at start. */
export function templatePaths(template: string): readonly string[] {
  const paths = [...template.matchAll(PLACEHOLDER)].map((match) => match[1]?.trim() ?? '')
  return paths.filter((path) => path !== '')
}

/** Looks each path up in the records, first found wins. */
export function lookupIn(...records: readonly Readonly<Record<string, unknown>>[]): Lookup {
  return (path) => {
    for (const record of records) {
      const value = valueAt(record, path)
      if (value !== undefined) return value
    }
    return undefined
  }
}

function toText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? '' : JSON.stringify(value)
    default:
      return ''
  }
}
