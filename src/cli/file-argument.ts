import { parseArgs } from 'node:util'

/** The one file that a command takes, undefined if it was called in another way. */
export function fileArgument(args: readonly string[]): string | undefined {
  try {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} })
    return positionals.length === 1 ? positionals[0] : undefined
  } catch {
    return undefined
  }
}
