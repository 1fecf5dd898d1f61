import { NOT_YET } from './not-yet.ts'
import { isRecord, valueAtPath } from './plain-value.ts'
import type { Finding, Path } from './problem.ts'

/** Names the settings in the file, as the user wrote it, that this version does not act on. */
export function checkNotYet(written: unknown): readonly Finding[] {
  return NOT_YET.flatMap((setting) =>
    matchingPaths(written, setting.path.split('.'))
      .filter((path) => {
        return setting.value === undefined || valueAtPath(written, path) === setting.value
      })
      .map((path) => ({
        path,
        atKey: true,
        severity: 'warning' as const,
        message: `accepted, but has no effect in this version: ${setting.consequence}`,
      })),
  )
}

function matchingPaths(value: unknown, pattern: readonly string[]): readonly Path[] {
  const [part, ...rest] = pattern
  if (part === undefined) return [[]]
  const keys = part === '*' ? keysOf(value) : keysOf(value).filter((key) => key === part)
  return keys.flatMap((key) =>
    matchingPaths(valueAtPath(value, [key]), rest).map((path) => [key, ...path]),
  )
}

function keysOf(value: unknown): readonly (string | number)[] {
  if (Array.isArray(value)) return [...value.keys()]
  return isRecord(value) ? Object.keys(value) : []
}
