import { isRecord } from './plain-value.ts'
import { isWithin, type Finding, type Path } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ExpandedValues {
  /** A copy of its own, nothing shared. */
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** Takes out of a message what may have come from the environment. */
  redact(finding: Finding): Finding
}

const PLACEHOLDER = /\$\{env:([^}]*)\}/g
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/
const QUOTED = /"(?:[^"\\]|\\.)*"/g

/** Puts the environment's values in place of `${env:NAME}` in every string; keys stay as they are. */
export function expandEnvironment(root: unknown, environment: Environment): ExpandedValues {
  const findings: Finding[] = []
  const expandedPaths: Path[] = []
  const values = new Set<string>()

  function expandText(text: string, path: Path): string {
    if (!text.includes('${env:')) return text
    expandedPaths.push(path)
    return text.replace(PLACEHOLDER, (whole, name: string) => {
      const value = VARIABLE.test(name) ? environment[name] : undefined
      if (value) {
        values.add(value)
        return value
      }
      findings.push({ path, severity: 'error', message: missing(name) })
      return whole
    })
  }

  function expand(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return expandText(value, path)
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value
      return items.map((item, index) => expand(item, [...path, index]))
    }
    if (!isRecord(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => {
        const childPath = [...path, key]
        if (key.includes('${env:'))
          findings.push({ path: childPath, severity: 'error', message: IN_KEY, atKey: true })
        return [key, expand(child, childPath)]
      }),
    )
  }

  return {
    value: expand(root, []),
    findings,
    redact(finding) {
      const isExpanded =
        !finding.atKey && expandedPaths.some((path) => isWithin(finding.path, path))
      let message = isExpanded ? finding.message.replace(QUOTED, HIDDEN) : finding.message
      // Shorter ones are no secrets, and are part of ordinary words.
      for (const value of values) {
        if (value.length >= 4) message = message.replaceAll(value, HIDDEN)
      }
      return { ...finding, message }
    },
  }
}

const HIDDEN = '(from the environment)'
const IN_KEY = '${env:...} works in values, not in keys'

function missing(name: string): string {
  if (!VARIABLE.test(name)) return '${env:...} needs the name of an environment variable'
  return `the environment variable ${name} is not set or empty`
}
