import type { Problem } from '../config/problem.ts'

/** One line per problem: `FILE:LINE:COLUMN: error: PATH: MESSAGE`. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map((problem) => `${formatProblem(problem)}\n`).join('')
}

function formatProblem({ severity, file, line, column, path, message }: Problem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`
  // Files may name anything; a terminal obeys control characters, and others turn text around.
  return [place, severity, ...(path === '' ? [] : [path]), message]
    .join(': ')
    .replace(/\p{C}/gu, '?')
}
