/** One stated figure and what was measured of it. */
export interface Figure {
  readonly name: string
  readonly measured: string
  readonly aim: string
  readonly isMet: boolean
}

/** What a case found. */
export interface Findings {
  readonly figures: readonly Figure[]
  /** Something was wrong that no machine is too slow for. */
  readonly mistakes: readonly string[]
  /** Worth knowing beside the figures. */
  readonly notes: readonly string[]
  /** Where the time of the server goes, when a figure falls short. */
  readonly profile?: () => Promise<readonly string[]>
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}
