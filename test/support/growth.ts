/**
 * How many times as long `run` takes with ten times the input, by the best of seven runs each. Work
 * that grows with the input comes to about 10, with its square to about 100.
 */
export function growth(run: (size: number) => void, size: number): number {
  return best(run, 10 * size) / best(run, size)
}

function best(run: (size: number) => void, size: number): number {
  const times = [1, 2, 3, 4, 5, 6, 7].map(() => {
    const startedAt = performance.now()
    run(size)
    return performance.now() - startedAt
  })
  return Math.min(...times)
}
