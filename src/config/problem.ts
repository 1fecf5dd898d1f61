/** Keys and indexes from the top of the file. */
export type Path = readonly (string | number)[]

/** What a check found, before it is known where in the file that stands. */
export interface Found {
  readonly path: Path
  readonly message: string
  /** The key at the path is meant, not its value. */
  readonly atKey?: boolean
}

/** The same, and how much it matters. */
export interface Finding extends Found {
  readonly severity: 'error' | 'warning'
}

/** Something in a file that the operator should know. Never holds a value from the environment. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** From 1; 0 when the whole file is meant. */
  readonly line: number
  readonly column: number
  /** `flow.states.choose.edges[0].to`; empty when the whole file is meant. */
  readonly path: string
  readonly message: string
}

export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      if (!/^[A-Za-z0-9_$-]+$/.test(part)) return `[${JSON.stringify(part)}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')
}

export function isWithin(path: Path, ancestor: Path): boolean {
  return ancestor.length <= path.length && ancestor.every((part, index) => part === path[index])
}
