/** A file with thousands of names and as many mistakes must not take minutes to check. */
const MAX_COMPARED = 200

/**
 * The candidate that was probably meant, undefined when none is near. Of very many candidates only
 * the first that are about as long are compared.
 */
export function nearName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = fold(name)
  const limit = Math.max(1, Math.floor(wanted.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  let compared = 0
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > limit) continue
    if (compared++ === MAX_COMPARED) break
    const distance = editDistance(wanted, fold(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `; did you mean "x"?`, or nothing; to be put at the end of a message. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const near = nearName(name, candidates)
  return near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
}

function fold(name: string): string {
  // Nobody's key is longer, and the distance costs the square of the length.
  return name.slice(0, 64).toLowerCase().replaceAll('-', '_')
}

/** Letters to add, drop, change or swap with their neighbour. */
function editDistance(left: string, right: string): number {
  let beforePrevious: readonly number[] = []
  let previous: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1
      const isSwapped =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + same,
          isSwapped ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity,
        ),
      )
    }
    beforePrevious = previous
    previous = current
  }
  return previous[right.length] ?? 0
}
