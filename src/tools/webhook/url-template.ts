import { renderTemplate, templatePaths, type Lookup } from '../../flow/template.ts'

const PARTS = /^(https?:\/\/[^/?#\\]+)([^?#]*)(\?[^#]*)?/i

/**
 * The URL with its path and query filled in, each value percent-encoded. Null when a value would
 * change where the request goes: the host, a step up in the path, or a part of the path that is left empty.
 */
export function renderUrl(template: string, lookup: Lookup): URL | null {
  const [, origin = '', path = '', query = ''] = PARTS.exec(template) ?? []
  if (origin === '' || origin.includes('{{')) return null
  const parts = path.split('/')
  const rendered = parts.map((part) => renderTemplate(part, lookup, percentEncoded))
  if (rendered.some((part, index) => leavesPlace(part, parts[index] ?? ''))) return null
  const url = new URL(origin + rendered.join('/') + renderTemplate(query, lookup, percentEncoded))
  return url.origin === new URL(origin).origin ? url : null
}

/** As `encodeURIComponent`, which throws on half a character. */
function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}

/** The names whose values the URL itself holds. */
export function namesInUrl(template: string): ReadonlySet<string> {
  return new Set(templatePaths(template).map((path) => path.split('.')[0] ?? path))
}

function leavesPlace(rendered: string, template: string): boolean {
  // URL parsers take %2e for a dot. An empty last part would turn one thing's address into that of all.
  if (/^(\.|%2e){1,2}$/i.test(rendered)) return true
  return rendered === '' && template !== ''
}
