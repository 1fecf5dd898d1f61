import { loadConfig } from '../config/load.ts'
import type { Environment } from '../config/environment-values.ts'
import { fileArgument } from './file-argument.ts'
import { formatProblems } from './format-problems.ts'

interface LintIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Environment
}

const USAGE = 'usage: turnstate lint FILE\n'

/** Prints every problem of a configuration file. Exit code: 1 if any is an error, 2 for wrong usage. */
export function runLint(args: readonly string[], io: LintIo): number {
  const file = fileArgument(args)
  if (file === undefined) {
    io.stderr(USAGE)
    return 2
  }
  const loaded = loadConfig({ file, environment: io.env })
  const problems = loaded.ok ? loaded.warnings : loaded.problems
  io.stdout(formatProblems(problems))
  const errors = problems.filter((problem) => problem.severity === 'error').length
  io.stdout(`${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}\n`)
  return errors > 0 ? 1 : 0
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
