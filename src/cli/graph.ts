import { loadFlow } from '../config/load.ts'
import { toMermaid } from '../flow/mermaid.ts'
import { fileArgument } from './file-argument.ts'
import { formatProblems } from './format-problems.ts'

interface GraphIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

const USAGE = 'usage: turnstate graph FILE\n'

/** Prints a flow as a Mermaid diagram. Exit code: 1 if the flow cannot be read, 2 for wrong usage. */
export function runGraph(args: readonly string[], io: GraphIo): number {
  const file = fileArgument(args)
  if (file === undefined) {
    io.stderr(USAGE)
    return 2
  }
  const loaded = loadFlow(file)
  if (!loaded.ok) {
    io.stderr(formatProblems(loaded.problems))
    return 1
  }
  io.stdout(toMermaid(loaded.flow))
  return 0
}
