import type { z } from 'zod'
import { expandEnvironment, type Environment } from './environment-values.ts'
import { formatPath, isWithin, type Finding, type Path, type Problem } from './problem.ts'
import { parseTolerantly, type Placeholder } from './tolerant-parse.ts'
import { readYaml } from './yaml-source.ts'

export interface ParsedFile<T> {
  /** What could be parsed; with `fits` false something was left out. */
  readonly value: T | undefined
  readonly fits: boolean
  /** The file's values as they were written, before defaults. */
  readonly written: unknown
  originalPath(path: Path): Path
  /** The file's own problems together with those that checks have found, in the file's order. */
  locate(findings: readonly Finding[]): readonly Problem[]
}

interface FileSource {
  readonly text: string
  readonly file: string
  /** Without one, `${env:NAME}` stays as it is. */
  readonly environment?: Environment
  readonly placeholders?: readonly Placeholder[]
}

/** YAML text to a checked value, with every problem of the text at its line. Never throws. */
export function parseFile<T>(schema: z.ZodType<T>, source: FileSource): ParsedFile<T> {
  const yaml = readYaml(source.text)
  const toProblem = (position: { line: number; column: number }, finding: Finding): Problem => ({
    severity: finding.severity,
    file: source.file,
    ...position,
    path: formatPath(finding.path),
    message: finding.message,
  })
  const syntax = yaml.problems.map(({ message, ...position }) =>
    toProblem(position, { path: [], severity: 'error', message }),
  )
  if (yaml.value === undefined) {
    const locate = () => syntax
    return {
      value: undefined,
      fits: false,
      written: undefined,
      originalPath: (path) => path,
      locate,
    }
  }
  const expanded = source.environment && expandEnvironment(yaml.value, source.environment)
  const written = expanded ? expanded.value : yaml.value
  const missing = expanded?.findings ?? []
  const parsed = parseTolerantly(schema, written, source.placeholders)
  return {
    value: parsed.value,
    fits: parsed.findings.length === 0 && syntax.length === 0,
    written,
    originalPath: (path) => parsed.originalPath(path),
    locate(findings) {
      // Where a variable is missing, whatever else is wrong with the value is a consequence.
      const others = [...parsed.findings, ...findings].filter(
        ({ path }) => !missing.some((finding) => isWithin(path, finding.path)),
      )
      const problems = [...missing, ...others].map((finding) =>
        toProblem(yaml.positionOf(finding), expanded ? expanded.redact(finding) : finding),
      )
      return unique([...syntax, ...problems]).sort(inFileOrder)
    },
  }
}

function inFileOrder(left: Problem, right: Problem): number {
  return left.line - right.line || left.column - right.column
}

function unique(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter((problem) => {
    const key = JSON.stringify([problem.path, problem.line, problem.column, problem.message])
    return !seen.has(key) && seen.add(key)
  })
}
