/** What was promised for a fault, and what was measured. */
export interface FaultResult {
  readonly part: string
  readonly fault: string
  readonly promise: string
  /** Requests that reached the other side. */
  readonly requests: number
  /** Times that it was done there. */
  readonly runs: number
}

const BEGIN = '<!-- fault table: begin -->'
const END = '<!-- fault table: end -->'

/** A Markdown table for each part, spaced as Prettier does. */
export function toTable(results: readonly FaultResult[]): string {
  const parts = [...new Set(results.map(({ part }) => part))]
  return parts
    .map((part) => {
      const rows = results
        .filter((result) => result.part === part)
        .map(({ fault, promise, requests, runs }) => [
          fault,
          promise,
          String(requests),
          String(runs),
        ])
      return `### ${sentence(part)}\n\n${markdown([['what goes wrong', 'what is promised', 'requests', 'done'], ...rows])}`
    })
    .join('\n\n')
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const [head, ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  )
  return [head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n')
}

/** The document with another table, and how that was measured; null if it has no place for one. */
export function withTable(document: string, table: string, measured: string): string | null {
  const parts = split(document)
  return parts && `${parts.before}${BEGIN}\n\n${measured}\n\n${table}\n\n${END}${parts.after}`
}

/** Whether the document says the same, whenever and wherever that was measured. */
export function hasTable(document: string, table: string): boolean {
  return split(document)?.between.endsWith(`\n\n${table}\n\n`) === true
}

function split(document: string) {
  const [before, rest, ...more] = document.split(BEGIN)
  const [between, after, ...others] = rest?.split(END) ?? []
  if (before === undefined || between === undefined || after === undefined) return null
  return more.length + others.length > 0 ? null : { before, between, after }
}
